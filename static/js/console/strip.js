/* The strip on top: recording and its time, time left, the link, who is here. */

import { announce, byId, oneDecimal, plantClock, put, say, serverNow, show } from "./page.js";
import { clockWords } from "../clock.js";

const SOON_MS = 5 * 60 * 1000;
const LAST_MS = 60 * 1000;

export class Strip {
  constructor() {
    this.state = null;
    this.recordingSince = null;
    this.over = false;
    this.quality = "";
    this.old = false;
    setInterval(() => this.tick(), 250);
  }

  update(state) {
    this.state = state;
    if (state.recording) this.showRecording(true, state.recording_since);
    else if (state.state === "active") this.showRecording(false);
    const watches = !state.works;
    byId("strip-view").hidden = !(watches || state.permission === "view");
    put(byId("strip-view-word"), say(watches ? "watching" : "view_only"));
    this.tick();
  }

  setClosesAt(iso) {
    if (this.state) this.state.closes_at = iso;
    this.tick();
  }

  showRecording(ok, since = null) {
    if (since) this.recordingSince = Date.parse(since);
    const chip = byId("strip-rec");
    chip.hidden = false;
    chip.dataset.tone = ok ? "rec" : "bad";
    put(byId("strip-rec-word"), say(ok ? "rec" : "rec_off"));
    if (!ok) this.recordingSince = null;
  }

  showFrozen(frozen) {
    show(byId("strip-frozen"), frozen);
  }

  tick() {
    if (!this.state || this.over) return;
    const now = serverNow();
    put(byId("strip-rec-time"), this.recordingSince ? clockWords(Math.max(0, now - this.recordingSince)) : "");
    const left = Date.parse(this.state.closes_at) - now;
    const chip = byId("strip-left");
    chip.hidden = false;
    chip.dataset.tone = left < LAST_MS ? "bad" : left < SOON_MS ? "warn" : "";
    put(byId("strip-left-time"), clockWords(left));
    put(byId("strip-left-clock"), plantClock(this.state.closes_at));
  }

  /** `quality`: good, fair, poor, quiet or lost. */
  showLink(quality) {
    const chip = byId("strip-link");
    chip.dataset.quality = quality;
    put(byId("strip-link-word"), say(`link_${quality}`));
    if (quality !== this.quality && (quality === "poor" || this.quality === "poor")) {
      announce(`${say("link")}: ${say(`link_${quality}`)}`);
    }
    this.quality = quality;
  }

  /** How old the picture is: nothing is said while it is young enough to work on. */
  showAge(milliseconds, limit) {
    const old = milliseconds > limit;
    const seconds = milliseconds / 1000;
    const words = old ? say("picture_old", { s: seconds < 2 ? oneDecimal(seconds) : Math.round(seconds) }) : "";
    put(byId("strip-link-age"), words);
    put(byId("stale-words"), `${words}.`);
    if (old === this.old) return;
    this.old = old;
    byId("console").dataset.stale = String(old);
    show(byId("banner-stale"), old);
    if (old) announce(`${words}. ${byId("stale-more").textContent}`);
  }

  showPeople(participants) {
    const others = participants.filter((person) => !person.you);
    const unique = [...new Map(others.map((person) => [person.name + person.role, person])).values()];
    const names = unique.map((person) => person.name);
    const hand = unique.find((person) => person.works);
    const watching = unique.filter((person) => !person.works && person.name !== hand?.name);
    const watchers = watching.map((person) => person.name).join(", ");
    const words = [
      hand ? say("working", { names: hand.name }) : "",
      watching.length ? say(watching.length === 1 ? "one_watches" : "many_watch", { names: watchers }) : "",
    ].filter(Boolean).join(" · ") || say("nobody_watches");
    const list = byId("strip-faces");
    list.replaceChildren(...unique.slice(0, 4).map(faceOf));
    const before = byId("strip-people-words").textContent;
    put(byId("strip-people-words"), words);
    byId("strip-people").title = names.join(", ");
    if (before && before !== words) announce(words);
    const people = byId("people-list");
    people.replaceChildren(...participants.map(personItem));
  }

  end() {
    this.over = true;
    byId("strip-left").hidden = true;
    const chip = byId("strip-rec");
    chip.dataset.tone = "";
    put(byId("strip-rec-word"), say("rec_done"));
    put(byId("strip-rec-time"), "");
    show(byId("strip-frozen"), false);
  }
}

function faceOf(person) {
  const face = document.createElement("span");
  face.className = `face face-sm face-${person.colour ?? 7}`;
  face.textContent = person.initials;
  face.setAttribute("aria-hidden", "true");
  return face;
}

function personItem(person) {
  const item = document.createElement("li");
  const text = document.createElement("div");
  text.className = "item-main";
  const name = document.createElement("div");
  name.className = "item-title";
  const bdi = document.createElement("bdi");
  bdi.textContent = person.name;
  name.append(bdi, person.you ? ` ${say("you")}` : "");
  const sub = document.createElement("div");
  sub.className = "item-sub";
  sub.textContent = `${person.organisation} · ${say(person.works ? "role_owner" : "role_observer")}`;
  text.append(name, sub);
  item.append(faceOf(person), text);
  return item;
}
