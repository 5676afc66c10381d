/* A fixed phrase of the other side: it stands at the top edge until it is acknowledged, by its
   button or by one key. */

import { byId, plantClock, put, say, show } from "./page.js";

export class Phrases {
  constructor(oneKey) {
    this.waiting = new Map();
    oneKey.answers(byId("phrase-form"), () => this.waiting.size > 0);
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
}
