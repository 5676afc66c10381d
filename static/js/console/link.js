/* Keeps the console connected: a new ticket for every try, at once after the first loss,
   then at growing distances; the status page is asked where the ticket is refused, because a
   refused WebSocket says nothing but 1006. */

import { ApiError, get, post } from "./api.js";
import { facts, say } from "./page.js";
import { PortalTunnel } from "./tunnel.js";

// A broker that died is replaced within five seconds; nobody should wait for long after that.
const WAITS_MS = [0, 500, 1000, 1500, 2000, 2000, 4000];
const CHANGING_MS = 500;
// A hundred consoles that lose the same proxy do not come back in the same instant.
const JITTER = 0.3;
const FIRST_JITTER_MS = 150;
const ANSWER_MS = 5000;
const AGE_MS = 500;
// What a close code means; everything else is a lost link (docs: sessions/broker).
const PHASES = { 4001: "left", 4002: "elsewhere", 4003: "closed", 4008: "closed", 4009: "closed" };

export class Link {
  /** makeClient(tunnel) gives the Guacamole.Client of one connection. onPhase(name, detail):
      connecting, open, lost, closed, elsewhere, left, refused, signed-out, over. onAge(ms):
      how long the oldest question to the broker has waited for its answer. */
  constructor({ makeClient, onPhase, onPortal, onQuiet, onAge, holding }) {
    this.makeClient = makeClient;
    this.onPhase = onPhase;
    this.onPortal = onPortal;
    this.onQuiet = onQuiet;
    this.holding = holding;
    this.tunnel = null;
    this.attempts = 0;
    this.lostAt = null;
    this.connecting = false;
    this.timer = null;
    this.sentence = "";
    this.everOpen = false;
    this.stopped = false;
    window.addEventListener("online", () => this.hurry());
    window.addEventListener("pageshow", (event) => event.persisted && this.hurry());
    document.addEventListener("visibilitychange", () => !document.hidden && this.hurry());
    setInterval(() => this.open && onAge(this.tunnel.waiting()), AGE_MS);
  }

  get open() {
    return this.tunnel !== null && this.tunnel.isConnected();
  }

  /** The network or the page is back: neither wait for a timer nor for a dead link's end. */
  hurry() {
    if (this.stopped) return;
    if (this.timer) {
      this.attempts = 0;
      this.connect();
    } else if (this.tunnel && this.everOpen && this.tunnel.quiet()) {
      // What the page missed while it slept may lie in the socket: one moment for that.
      const tunnel = this.tunnel;
      setTimeout(() => tunnel === this.tunnel && tunnel.quiet() && tunnel.giveUp(), 300);
    }
  }

  /** Connect now (again), whatever was waited for. */
  async connect() {
    clearTimeout(this.timer);
    this.timer = null;
    this.stopped = false;
    if (this.tunnel || this.connecting) return;
    this.connecting = true;
    if (this.attempts === 0) this.onPhase(this.everOpen ? "lost" : "connecting", this.trouble());
    try {
      if (this.attempts > 1 && (await this.isOver())) return;
      const ticket = await post(facts.urls.ticket, {}, ANSWER_MS);
      if (!this.stopped) this.openTunnel(ticket);
    } catch (error) {
      await this.failed(error);
    } finally {
      this.connecting = false;
    }
  }

  openTunnel(ticket) {
    if (this.tunnel) return;
    this.sentence = "";
    const tunnel = new PortalTunnel({
      onPortal: (kind, data) => {
        if (tunnel !== this.tunnel) return;
        if (kind === "closed") this.sentence = data.sentence;
        if (kind === "ended") this.over = data;
        this.onPortal(kind, data);
      },
      onClosed: (code) => tunnel === this.tunnel && this.closed(code),
      onQuiet: this.onQuiet,
      holding: this.holding,
    });
    this.tunnel = tunnel;
    this.over = null;
    const address = new URL(ticket.path, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("ticket", ticket.token);
    this.makeClient(tunnel).connect(address.href);
  }

  /** The first picture of a connection is there: the next loss starts with a short wait. */
  pictureArrived() {
    this.attempts = 0;
    this.lostAt = null;
    this.everOpen = true;
    this.onPhase("open", {});
  }

  async closed(code) {
    this.tunnel = null;
    if (this.stopped) return;
    if (this.over || code === 4000) {
      if (!(await this.isOver().catch(() => false))) this.onPhase("over", this.over || {});
      return;
    }
    const phase = PHASES[code];
    if (phase) {
      this.onPhase(phase, { sentence: this.sentence });
      return;
    }
    this.tryLater();
  }

  async failed(error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.signedOut) {
      this.onPhase("signed-out", { sentence: error.sentence });
    } else if (error.code === "broker_changing") {
      this.tryLater(CHANGING_MS);
    } else if (error.passing) {
      this.tryLater();
    } else if (!(await this.isOver().catch(() => false))) {
      this.onPhase("refused", { sentence: error.sentence, code: error.code });
    }
  }

  tryLater(most = Infinity) {
    const wait = Math.min(most, WAITS_MS[Math.min(this.attempts, WAITS_MS.length - 1)]);
    const shift = wait ? wait * JITTER * (2 * Math.random() - 1) : FIRST_JITTER_MS * Math.random();
    this.attempts += 1;
    this.lostAt ??= Date.now();
    this.onPhase(this.everOpen ? "lost" : "connecting", this.trouble());
    this.timer = setTimeout(() => this.connect(), wait + shift);
  }

  /** Words for a link that stays away: what this computer itself knows of it. */
  trouble() {
    if (!navigator.onLine) return { sentence: say("offline") };
    const long = this.lostAt && Date.now() - this.lostAt > 10000;
    return { sentence: long ? say("lost_for_long") : "" };
  }

  /** Ask the status page; shows the end where there is one. */
  async isOver() {
    const status = await get(facts.urls.status, ANSWER_MS);
    if (!status.over) return false;
    this.stopped = true;
    this.onPhase("over", {
      reason: status.end_reason,
      failed: status.state === "failed",
      sentence: status.end_sentence || say("session_over"),
      what_now: status.what_now,
      note: status.end_note,
      can_start_again: status.can_start_again,
      confirmed: Boolean(status.end_confirmed_at),
      ...(this.over || {}),
    });
    return true;
  }

  tell(kind, data) {
    if (this.tunnel) this.tunnel.tell(kind, data);
  }
}
