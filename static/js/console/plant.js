/* What plant and contractor settle beside the picture: who is in charge, the critical step,
   more time, attendance. The broker's `plant` word says how it stands; the forms act. */

import { announce, byId, facts, plantClock, put, say, serverNow, show } from "./page.js";
import { clockWords } from "../clock.js";

const RUNNING = "running";
const DECLARED = "declared";

function fillAll(selector, value) {
  for (const field of document.querySelectorAll(selector)) field.value = value;
}

function ask(id, words) {
  const banner = byId(id);
  if (!banner) return;
  put(banner.querySelector("[data-slot=words]"), words);
  show(banner, Boolean(words));
}

export class PlantSide {
  /** hint(sentence, tone): a short note at the top edge. oneKey: acknowledges the recall. */
  constructor({ hint, oneKey }) {
    this.hint = hint;
    this.recall = null;
    oneKey.answers(byId("recall-form"), () => Boolean(this.recall));
    this.before = null;
    this.step = null;
    this.attendUntil = null;
    setInterval(() => this.tick(), 500);
  }

  update(now) {
    const before = this.before;
    this.before = now;
    this.showCharge(now.in_charge);
    this.showStep(now.step, before ? before.step : undefined);
    this.showWish(now.wish, before ? before.wish : undefined);
    this.showAttendance(now.attendance);
    this.showRecall(now.recall);
    this.tick();
  }

  /** Nothing is left to settle. */
  end() {
    this.step = null;
    this.attendUntil = null;
    this.recall = null;
    for (const id of ["banner-recall", "ask-charge", "ask-step", "ask-wish", "banner-attend", "strip-step"]) show(byId(id), false);
  }

  showCharge(charge) {
    const words = charge.you ? say("in_charge_you") : charge.name ? say("in_charge_is", { name: charge.name }) : say("in_charge_nobody");
    put(byId("in-charge-line"), words);
    const offered = charge.offered_to ? ` ${say("charge_offered", { name: charge.offered_to })}` : "";
    put(byId("charge-state"), words + offered);
    fillAll("[data-in-charge-id]", charge.id ?? "");
    show(byId("charge-take"), !charge.you);
    show(byId("charge-why"), Boolean(charge.name));
    show(byId("charge-hand-over"), charge.you);
    for (const form of document.querySelectorAll("[data-when-offered]")) {
      form.hidden = (form.dataset.whenOffered === "yes") !== charge.offered_to_you;
    }
    const offer = charge.offered_to_you ? say("charge_offered_to_you", { name: charge.name }) : "";
    ask("ask-charge", offer || (charge.name ? "" : say("in_charge_nobody")));
  }

  showStep(step, before) {
    this.step = step && step.state === RUNNING ? step : null;
    const declared = Boolean(step) && step.state === DECLARED;
    const own = facts.side === "contractor";
    fillAll("[data-step-id]", step ? step.id : "");
    ask("ask-step", declared ? say("step_asked", { name: step.by, what: step.what, minutes: step.minutes }) : "");
    show(byId("step-declare"), !declared && !this.step);
    show(byId("step-end"), (own && declared) || Boolean(this.step));
    const endWords = byId("step-end-words");
    if (endWords) put(endWords.querySelector("[data-words]"), say(own ? (declared ? "step_withdraw" : "step_done") : "step_take_back"));
    show(byId("step-acts"), declared);
    show(byId("side-step"), Boolean(this.step) || declared);
    const words = this.stepWords(step, own);
    put(byId("step-state"), words);
    show(byId("step-state"), Boolean(words));
    const changed = before !== undefined && (step ? `${step.id}${step.state}` : "") !== (before ? `${before.id}${before.state}` : "");
    if (changed && words) {
      const tone = step.state === RUNNING ? "ok" : step.state === "refused" ? "warn" : "info";
      if (!(declared && byId("ask-step"))) this.hint(words, tone);
      else announce(words, true);
    }
  }

  stepWords(step, own) {
    if (!step) return "";
    const values = { what: step.what, minutes: step.minutes, name: step.answered_by, by: step.by, time: step.until ? plantClock(step.until) : "" };
    if (step.state === DECLARED) return say(own ? "step_waits" : "step_asked", { ...values, name: own ? values.name : step.by });
    if (step.state === RUNNING) return say("step_runs", values);
    if (step.state === "refused") return say("step_refused", values);
    if (step.state === "withdrawn") return own ? "" : say("step_withdrawn", values);
    return say("step_over", values);
  }

  showWish(wish, before) {
    const pending = Boolean(wish) && wish.state === "pending";
    const words = pending ? say("wish_asked", { name: wish.by, minutes: wish.minutes, time: plantClock(wish.until), reason: wish.reason }) : "";
    fillAll("[data-wish-id]", wish ? wish.id : "");
    fillAll("[data-wish-seen]", wish ? wish.seen : "");
    ask("ask-wish", words);
    put(byId("wish-state"), words);
    show(byId("side-wish"), pending);
    if (pending) for (const button of document.querySelectorAll("[data-wish-give]")) button.lastChild.textContent = ` ${say("wish_give", { minutes: wish.minutes })}`;
    if (before !== undefined && wish && (!before || before.seen !== wish.seen) && pending && byId("ask-wish")) announce(words, true);
  }

  showAttendance(there) {
    this.attendUntil = there && there.until ? Date.parse(there.until) : null;
    show(byId("side-attend"), Boolean(there));
    if (!there) return;
    const words = there.until
      ? say("attended_by", { name: there.by, time: plantClock(there.until) })
      : say("attended_by_nobody");
    put(byId("attend-state"), words);
  }

  /** The plant wants the line back: counted down until it is read; the strip counts on. */
  showRecall(recall) {
    const before = this.recall;
    this.recall = recall && !recall.seen ? recall : null;
    const state = byId("recall-state");
    show(state, Boolean(recall));
    if (state && recall) put(state, say(recall.seen ? "recall_read" : "recall_unread", { time: plantClock(recall.until) }));
    const banner = byId("banner-recall");
    show(banner, Boolean(this.recall));
    if (!banner || !this.recall) return;
    const words = say(recall.reason ? "recall_why" : "recall_by", { name: recall.by, reason: recall.reason });
    put(byId("recall-words"), words);
    if (!before) announce(words, true);
  }

  /** Frozen for want of somebody there: being there lifts it, nothing else does. */
  setFrozen(frozen) {
    const wanted = Boolean(frozen) && frozen.cause === "attendance";
    show(byId("banner-there"), wanted);
    if (wanted) show(byId("banner-unfreeze"), false);
  }

  /** The broker's warning, a minute before; the clock does the rest. */
  due(now) {
    put(byId("attend-sentence"), now.sentence);
    announce(now.sentence, true);
    this.dueUntil = Date.parse(now.until);
    this.tick();
  }

  tick() {
    const now = serverNow();
    const chip = byId("strip-step");
    const left = this.step ? Date.parse(this.step.until) - now : 0;
    show(chip, left > 0);
    if (left > 0) put(byId("strip-step-time"), clockWords(left));
    if (this.recall) put(byId("recall-left"), clockWords(Math.max(0, Date.parse(this.recall.until) - now)));
    const due = this.dueUntil && this.attendUntil === this.dueUntil && this.dueUntil > now;
    show(byId("banner-attend"), Boolean(due));
    if (due) put(byId("attend-left"), clockWords(this.dueUntil - now));
  }
}
