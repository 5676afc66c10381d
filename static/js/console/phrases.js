/* A fixed phrase of the other side: it stands at the top edge until it is acknowledged, by its
   button or by one key. The key goes to the machine at all other times. */

import { byId, plantClock, put, say, show } from "./page.js";

const KEY = "F8";

export class Phrases {
  constructor() {
    this.waiting = new Map();
    this.form = byId("phrase-form");
    this.swallowed = false;
    // Before the remote keyboard sees it: while a phrase waits, this key belongs to the page.
    window.addEventListener("keydown", (event) => this.onKey(event), true);
    window.addEventListener("keyup", (event) => this.onKeyUp(event), true);
  }

  add(message) {
    if (!message.phrase || !message.for_you || message.acknowledged_at) return;
    this.waiting.set(message.id, message);
    this.refresh();
  }

  acknowledged(id) {
    this.waiting.delete(id);
    this.refresh();
  }

  end() {
    this.waiting.clear();
    this.refresh();
  }

  /** The oldest first; who answers it sees the next. */
  refresh() {
    const [message] = this.waiting.values();
    const banner = byId("banner-phrase");
    show(banner, Boolean(message));
    if (!message) return;
    banner.dataset.tone = message.tone;
    put(byId("phrase-words"), message.text);
    put(byId("phrase-from"), say("phrase_from", { name: message.name, time: plantClock(message.at) }));
    byId("phrase-message").value = message.id;
  }

  onKey(event) {
    if (event.key !== KEY || !this.waiting.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.swallowed = true;
    if (!event.repeat) this.form.requestSubmit();
  }

  onKeyUp(event) {
    if (event.key !== KEY || !this.swallowed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.swallowed = false;
  }
}
