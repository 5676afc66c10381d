/* Overlays, not dead canvases: what is going on, and what to do now. Banners lie at the top
   edge of the picture and never cover the work. */

import { announce, byId, plantClock, put, say, serverNow, show } from "./page.js";
import { clockWords } from "../clock.js";

const NAMES = ["connecting", "lost", "frozen", "elsewhere", "closed", "refused", "signed-out", "left", "over"];
const SAID_AT_ONCE = new Set(["lost", "frozen", "over", "closed", "elsewhere"]);

/** Fill the [data-slot] places of an overlay or banner; an empty one is hidden. */
function fill(place, values) {
  for (const slot of place.querySelectorAll("[data-slot]")) {
    const words = values[slot.dataset.slot] ?? "";
    put(slot.querySelector("[data-words]") || slot, words);
    slot.hidden = !words;
  }
}

/** With one full stop, for those who hear the words one after the other. */
function asSentence(words) {
  return /[.!?…]$/.test(words) ? words : `${words}.`;
}

export class Overlays {
  constructor() {
    this.phase = "connecting";
    this.frozen = null;
    this.shown = "";
    this.closesAt = null;
    this.warned = null;
    setInterval(() => this.tick(), 500);
  }

  /** What the link is doing: connecting, open, lost, closed, ... */
  setPhase(phase, values = {}) {
    if (this.phase === "over" && phase !== "over") return;
    this.phase = phase;
    if (phase !== "open") fill(byId(`overlay-${phase}`), values);
    this.refresh();
  }

  /** `frozen`: the broker's object, or null when input goes again. `atWork`: whether this
      person of the vendor works: then it lies over the picture, else on a banner. */
  setFrozen(frozen, atWork) {
    this.frozen = frozen;
    this.atWork = atWork;
    if (frozen) {
      const values = {
        title: frozen.by ? say("frozen_by", { name: frozen.by }) : say(frozen.cause === "away" ? "held" : "frozen"),
        note: frozen.note,
        sentence: frozen.sentence,
        at: frozen.at ? say("frozen_since", { time: plantClock(frozen.at) }) : "",
      };
      fill(byId("overlay-frozen"), values);
      fill(byId("banner-frozen"), values);
      show(byId("frozen-stepup"), Boolean(frozen.step_up && atWork));
      // A recorder that is back lets input go on by itself; nobody of the plant has to.
      show(byId("frozen-wait"), !frozen.step_up && frozen.cause !== "recording");
      show(byId("banner-unfreeze"), !["away", "recording", "portal"].includes(frozen.cause));
      if (!atWork) announce([values.title, values.note].filter(Boolean).join(": "));
    }
    this.refresh();
  }

  refresh() {
    const blocked = this.phase !== "open";
    const frozenHere = this.frozen && this.atWork;
    const wanted = blocked ? this.phase : frozenHere ? "frozen" : "";
    // A recording that failed has a banner of its own.
    const told = Boolean(this.frozen) && this.frozen.cause !== "recording";
    show(byId("banner-frozen"), told && !this.atWork && this.phase === "open");
    byId("console").dataset.overlay = wanted;
    if (wanted === this.shown) return;
    this.shown = wanted;
    for (const name of NAMES) show(byId(`overlay-${name}`), name === wanted);
    byId("overlays").hidden = !wanted;
    if (!wanted) return;
    const overlay = byId(`overlay-${wanted}`);
    const words = [...overlay.querySelectorAll("[data-say]")].filter((one) => !one.hidden).map((one) => one.textContent.trim());
    announce(words.map(asSentence).join(" "), SAID_AT_ONCE.has(wanted));
    const first = overlay.querySelector("[data-first]");
    if (first && !first.closest("[hidden]")) first.focus({ preventScroll: true });
  }

  /** The window's end comes near: a banner with a way to ask for more time. */
  warn(sentence, closesAt) {
    this.closesAt = Date.parse(closesAt);
    this.warned = closesAt;
    put(byId("warning-sentence"), sentence);
    show(byId("banner-warning"), true);
    announce(sentence, true);
  }

  /** The end moved: a warning that spoke of the old one goes. */
  setClosesAt(iso) {
    const moved = this.warned && Date.parse(iso) !== Date.parse(this.warned);
    this.closesAt = Date.parse(iso);
    if (moved && this.closesAt - serverNow() > 60000) {
      show(byId("banner-warning"), false);
      this.warned = null;
    }
  }

  tick() {
    if (!this.closesAt || this.phase === "over") return;
    const left = this.closesAt - serverNow();
    const last = left <= 60000;
    const banner = byId("banner-warning");
    if (last && left > -5000) show(banner, true);
    banner.dataset.tone = last ? "bad" : "warn";
    show(byId("warning-last"), last);
    if (last) put(byId("warning-seconds"), clockWords(left));
  }

  /** A short note at the top edge that goes by itself. */
  hint(sentence, tone = "info") {
    const banner = byId("banner-hint");
    banner.dataset.tone = tone;
    put(byId("hint-sentence"), sentence);
    show(banner, true);
    clearTimeout(this.hintTimer);
    this.hintTimer = setTimeout(() => show(banner, false), 6000);
    announce(sentence);
  }
}
