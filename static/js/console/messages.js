/* Lines between the contractor and the plant during a session. */

import { announce, byId, plantClock, put, say } from "./page.js";
import { openPanelName } from "./panels.js";

export class Messages {
  /** onIncoming(message): somebody else wrote, and the panel is not open. */
  constructor({ onIncoming }) {
    this.onIncoming = onIncoming;
    this.list = byId("message-list");
    this.badge = byId("message-count");
    this.known = new Set();
    this.unread = 0;
    this.joinedAt = null;
    document.addEventListener("console:panel", (event) => event.detail.name === "messages" && this.read());
  }

  add(message) {
    if (this.known.has(message.id)) return;
    this.known.add(message.id);
    byId("no-messages").hidden = true;
    const item = document.createElement("li");
    item.className = message.own ? "line line-own" : "line";
    item.dataset.message = message.id;
    const head = document.createElement("div");
    head.className = "line-head";
    const who = document.createElement("bdi");
    who.textContent = message.own ? say("you_wrote") : message.name;
    const when = document.createElement("time");
    when.dateTime = message.at;
    when.textContent = plantClock(message.at);
    head.append(who, " · ", when);
    const text = document.createElement("p");
    text.className = "line-text prewrap user-text";
    text.textContent = message.text;
    item.append(head, text);
    if (message.phrase) item.append(this.stateOf(message));
    this.list.append(item);
    this.list.scrollTop = this.list.scrollHeight;
    // What was said before one joined is no news.
    if (message.own || Date.parse(message.at) < this.joinedAt) return;
    announce(say("message_from", { name: message.name, text: message.text }), true);
    if (openPanelName() === "messages") return;
    this.unread += 1;
    this.showBadge();
    // A phrase stands in a banner of its own.
    if (!message.phrase) this.onIncoming(message);
  }

  /** Whether a phrase was acknowledged, and a way to do it for those it is for. */
  stateOf(message) {
    const state = document.createElement("p");
    state.className = "line-state";
    const done = Boolean(message.acknowledged_at);
    state.dataset.waits = String(!done);
    state.textContent = done
      ? say("acknowledged_by", { name: message.acknowledged_by, time: plantClock(message.acknowledged_at) })
      : say("acknowledged_not");
    return state;
  }

  /** Somebody of the other side acknowledged a phrase. */
  acknowledged({ id, by, at }) {
    const state = this.list.querySelector(`[data-message="${id}"] .line-state`);
    if (!state) return;
    state.replaceWith(this.stateOf({ acknowledged_by: by, acknowledged_at: at }));
  }

  /** When this page joined, by the server's clock; only the first time counts. */
  joined(iso) {
    this.joinedAt ??= Date.parse(iso);
  }

  read() {
    this.unread = 0;
    this.showBadge();
    this.list.scrollTop = this.list.scrollHeight;
  }

  showBadge() {
    this.badge.hidden = !this.unread;
    put(this.badge, String(this.unread));
  }
}
