/* The console: the remote screen in the browser, to work in (owner) or to watch (observer). */

import Guacamole from "../vendor/guacamole-common.min.js";
import { startActs } from "./console/acts.js";
import { Baton } from "./console/baton.js";
import { get } from "./console/api.js";
import { Clipboard } from "./console/clipboard.js";
import { RemoteDisplay } from "./console/display.js";
import { InputGate } from "./console/input.js";
import { RemoteKeyboard } from "./console/keyboard.js";
import { Link } from "./console/link.js";
import { Messages } from "./console/messages.js";
import { OneKey } from "./console/one_key.js";
import { Overlays } from "./console/overlays.js";
import { announce, byId, facts, put, say, serverNow, setServerTime, show } from "./console/page.js";
import { closePanel, openPanel, openPanelName, startPanels } from "./console/panels.js";
import { Phrases } from "./console/phrases.js";
import { PlantSide } from "./console/plant.js";
import { startPointer } from "./console/pointer.js";
import { RecordingBanner } from "./console/recording.js";
import { Strip } from "./console/strip.js";
import { showSticky, startKeys, startView, startVisibleHeight } from "./console/tools.js";
import { startTouch } from "./console/touch.js";

const LEAVE_MS = 1500;
const isOwner = facts.role === "owner";
const ofVendor = facts.role !== "observer";
const root = byId("console");
const viewport = byId("viewport");
let state = { may_send: false, permission: facts.permission, role: facts.role };
let frozen = null;
let closesAt = null;
let client = null;
let sentSize = "";
let notYou = null;
let signingOut = false;
let cursor = null;

let pace = { lag_ms: 0, limit_ms: 1000, at: 0 };
const strip = new Strip();
const recordingBanner = new RecordingBanner();
const overlays = new Overlays();
const canWork = () => Boolean(state.works) && facts.permission === "control";
const baton = new Baton({ onTurn: takeTurn });

const gate = new InputGate({
  allowed: () => link.open && overlays.phase === "open" && state.may_send && !frozen,
  onRefused: () => {
    if (canWork() && frozen) overlays.hint(say("input_stands_still"), "warn");
    else if (overlays.phase === "open") overlays.hint(say("view_only_hint"));
  },
  onSticky: showSticky,
});

const display = new RemoteDisplay({ onResize: askForSize });

const link = new Link({
  makeClient,
  onPhase,
  onPortal: (kind, data) => onPortal[kind] && onPortal[kind](data),
  onQuiet: (quiet) => strip.showLink(quiet ? "quiet" : "good"),
  onAge: showAge,
  holding: () => gate.holding,
});

const keyboard = new RemoteKeyboard(gate, {
  mayCapture: canWork,
  onRelease: () => {
    link.tell("release");
    gate.releaseAll();
  },
});

const messages = new Messages({
  onIncoming: (message) => overlays.hint(say("message_from", { name: message.name, text: message.text })),
});

const oneKey = new OneKey();
const phrases = new Phrases(oneKey);
const plant = new PlantSide({ hint: (sentence, tone) => overlays.hint(sentence, tone), oneKey });

const clipboard = new Clipboard({
  client: () => client,
  allowed: () => gate.may(true),
  onRefused: () => overlays.hint(say("input_stands_still"), "warn"),
});

/** A client for one connection; its picture replaces the old one when it is complete. */
function makeClient(tunnel) {
  const fresh = new Guacamole.Client(tunnel);
  const picture = fresh.getDisplay();
  // Drawn only for who watches, once the broker tells where the pointer of who works is.
  picture.showCursor(false);
  picture.oncursor = (canvas, x, y) => {
    cursor = [canvas, x, y];
    if (state.works && fresh === client) showCursor(...cursor);
  };
  if (ofVendor) clipboard.listen(fresh);
  hidePointer(tunnel);
  fresh.onsync = () => {
    picture.flush(() => {
      // A machine may answer before it has a screen: that is no picture yet.
      if (tunnel !== link.tunnel || client === fresh || !picture.getWidth()) return;
      fresh.onsync = null;
      client = fresh;
      display.use(fresh);
      gate.use(fresh);
      link.pictureArrived();
      sentSize = "";
      askForSize(...display.wantedSize());
    });
  };
  return fresh;
}

/** Who works has a pointer of their own; who watches sees that one's once it is known. */
function hidePointer(tunnel) {
  const draw = tunnel.oninstruction;
  tunnel.oninstruction = (opcode, args) => {
    const nowhere = args[0] === "0" && args[1] === "0";
    if (opcode !== "mouse" || !(state.works || nowhere)) draw(opcode, args);
  };
}

/** The baton has come to this person, or has gone on: the hands follow. */
function takeTurn(works, atFirst) {
  gate.down.clear();
  keyboard.keyboard.reset();
  sentSize = "";
  // Who watches sees the pointer again with its next move.
  if (client) client.getDisplay().showCursor(false);
  root.dataset.works = String(works);
  if (works && cursor) showCursor(...cursor);
  if (!works) viewport.style.cursor = "";
  keyboard.refresh();
  if (!works || atFirst) return;
  askForSize(...display.wantedSize());
  if (overlays.phase === "open" && !frozen && !openPanelName()) keyboard.capture();
}

/** Acknowledged: the keys are the machine's again. */
function wasRead(answer) {
  overlays.hint(answer.sentence, "ok");
  if (canWork() && !openPanelName()) keyboard.capture();
}

/** The machine's pointer becomes the browser's: it moves without waiting for the link. */
function showCursor(canvas, x, y) {
  const big = canvas.width > 1 && canvas.height > 1 && canvas.width <= 128 && canvas.height <= 128;
  viewport.style.cursor = big ? `url(${canvas.toDataURL("image/png")}) ${x} ${y}, crosshair` : "crosshair";
}

/** As old as the broker said a moment ago, or as long as it has not answered since. */
function showAge(waiting) {
  const lag = Date.now() - pace.at < 2500 ? pace.lag_ms : 0;
  if (overlays.phase === "open") strip.showAge(Math.max(lag, waiting), pace.limit_ms);
}

function askForSize(width, height) {
  // The phone's own keyboard takes room away for a moment; the remote screen keeps its size.
  if (document.activeElement === keyboard.sink && window.matchMedia("(pointer: coarse)").matches) return;
  const size = `${width}x${height}`;
  if (!client || !link.open || sentSize === size || !RemoteDisplay.mayResize(state)) return;
  sentSize = size;
  client.sendSize(width, height);
}

function onPhase(phase, values) {
  root.dataset.phase = phase;
  if (phase !== "open") {
    gate.client = null;
    // What is held down now presses nothing on the machine when the link is back.
    keyboard.keyboard.reset();
    strip.showAge(0, 1);
  }
  if (phase === "open") strip.showLink("good");
  if (phase === "lost") strip.showLink("lost");
  if (["elsewhere", "closed", "refused", "signed-out"].includes(phase)) closePanel({ giveFocusBack: false });
  if (phase === "left") {
    if (notYou) signOut();
    else location.assign(facts.urls.detail);
    return;
  }
  if (phase === "refused" && values.code === "fresh_factor_needed") {
    // Back after a break: the page that asks for the code leads here again.
    location.reload();
    return;
  }
  if (phase === "over") finish(values);
  overlays.setPhase(phase, phase === "over" ? asRead(values) : values);
  if (phase === "open" && canWork() && !openPanelName() && !document.querySelector("dialog[open]")) keyboard.capture();
}

function asRead(values) {
  return { ...values, title: say(values.failed ? "not_connected" : "session_over") };
}

/** Over: why, and what now. The proof of the end may come a moment later. */
function finish(values) {
  link.stopped = true;
  strip.end();
  recordingBanner.end();
  plant.end();
  phrases.end();
  baton.end();
  gate.client = null;
  closePanel({ giveFocusBack: false });
  for (const part of document.querySelectorAll(".tools, .strip-side, .banners, #screen")) part.inert = true;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  show(byId("start-again"), Boolean(values.can_start_again) && isOwner);
  if (!values.confirmed) askForProof(10);
  else put(byId("over-proof"), say("end_proven"));
}

function askForProof(tries) {
  if (tries <= 0) {
    put(byId("over-proof"), say("end_unproven"));
    return;
  }
  setTimeout(async () => {
    const status = await get(facts.urls.status).catch(() => ({}));
    if (status.end_confirmed_at) put(byId("over-proof"), say("end_proven"));
    else askForProof(tries - 1);
  }, 1000);
}

/** With the window, or with a critical step that runs longer. */
function showEnd() {
  if (!closesAt) return;
  const until = plant.step ? plant.step.until : closesAt;
  const end = Date.parse(until) > Date.parse(closesAt) ? until : closesAt;
  show(byId("step-end-hint"), Boolean(plant.step) && Date.parse(closesAt) <= serverNow());
  strip.setClosesAt(end);
  overlays.setClosesAt(end);
}

function setFrozen(now) {
  const changed = Boolean(now) !== Boolean(frozen);
  frozen = now;
  if (frozen) {
    // The broker has let go of every key already; here they only have to be forgotten.
    gate.forget();
    keyboard.keyboard.reset();
  }
  strip.showFrozen(Boolean(frozen));
  overlays.setFrozen(frozen, ofVendor && Boolean(state.works));
  plant.setFrozen(frozen);
  // A browser that is away comes back by itself; only a freeze can be lifted or be laid on.
  const liftable = Boolean(frozen) && !["away", "recording", "attendance", "portal"].includes(frozen.cause);
  for (const part of document.querySelectorAll("[data-when-frozen]")) {
    part.hidden = (part.dataset.whenFrozen === "yes") !== liftable;
  }
  if (changed && !frozen && overlays.phase === "open" && canWork() && !openPanelName()) keyboard.capture();
}

const onPortal = {
  state(now) {
    state = now;
    facts.permission = now.permission;
    setServerTime(now.server_time);
    root.dataset.state = now.state;
    strip.update(now);
    closesAt = now.closes_at;
    showEnd();
    if (ofVendor) clipboard.update(now);
    baton.update(now);
    setFrozen(now.frozen || null);
    keyboard.refresh();
    byId("console").dataset.mayType = String(canWork());
    messages.joined(now.server_time);
  },
  participants(now) {
    strip.showPeople(now.participants);
    baton.showPeople(now.participants);
  },
  warning(now) {
    strip.setClosesAt(now.closes_at);
    overlays.warn(now.sentence, now.closes_at);
  },
  frozen: setFrozen,
  unfrozen(now) {
    setFrozen(null);
    overlays.hint(now.sentence || say("unfrozen"), "ok");
  },
  message(now) {
    messages.add(now);
    phrases.add(now);
  },
  acknowledged(now) {
    messages.acknowledged(now);
    phrases.acknowledged(now.id);
  },
  plant(now) {
    plant.update(now);
    showEnd();
  },
  "attendance-due": (now) => plant.due(now),
  "input-discarded": (now) => overlays.hint(now.sentence, "warn"),
  "input-blocked": (now) => overlays.hint(now.sentence, "warn"),
  recording(now) {
    strip.showRecording(now.ok, now.ok ? now.since : null);
    recordingBanner.update(now);
  },
  "input-released": (now) => overlays.hint(now.sentence, "warn"),
  pace(now) {
    pace = { ...now, at: Date.now() };
    strip.showLink(now.quality);
  },
  picture: () => {},
  ended: (now) => onPhase("over", { ...now, confirmed: false }),
};

startPanels();
startKeys(gate);
startView(display);
startVisibleHeight();
startPointer(viewport, display, gate, { onUse: () => keyboard.capture() });
startTouch(viewport, display, gate, {
  onTap: () => document.activeElement !== keyboard.sink && keyboard.capture(),
});
startActs({
  message: () => messages.read(),
  acknowledge: wasRead,
  recall_seen: wasRead,
  declare_step: (answer) => overlays.hint(answer.sentence),
  accept_step: (answer) => overlays.hint(answer.sentence, "ok"),
  refuse_step: (answer) => overlays.hint(answer.sentence),
  end_step: (answer) => overlays.hint(answer.sentence),
  give_time: (answer) => overlays.hint(answer.sentence, "ok"),
  refuse_time: (answer) => overlays.hint(answer.sentence),
  attend: (answer) => overlays.hint(answer.sentence, "ok"),
  take_charge: (answer) => overlays.hint(answer.sentence, "ok"),
  accept_charge: (answer) => overlays.hint(answer.sentence, "ok"),
  more_time(answer) {
    closePanel();
    overlays.hint(answer.sentence, "ok");
    announce(answer.sentence);
  },
  ask_baton: (answer) => overlays.hint(answer.sentence, "ok"),
  pass_baton: () => closePanel(),
  take_control: () => closePanel(),
  return_control: () => closePanel(),
  freeze: () => closePanel(),
  end: (answer) => overlays.hint(answer.sentence),
});

for (const button of document.querySelectorAll('[data-tool="keyboard"]')) {
  button.addEventListener("click", () => keyboard.toggleOnScreenKeyboard());
}
for (const button of document.querySelectorAll("[data-reconnect]")) {
  button.addEventListener("click", () => {
    link.attempts = 0;
    link.connect();
  });
}
byId("leave-now").addEventListener("click", () => {
  keyboard.letGo();
  link.stopped = true;
  link.tell("leave");
  setTimeout(() => location.assign(facts.urls.detail), 400);
});
// Leave first, so that everything held down is let go of and the session is held, then sign out.
byId("not-you").addEventListener("submit", (event) => {
  if (!link.open || notYou) return;
  event.preventDefault();
  notYou = event.target;
  keyboard.letGo();
  link.tell("leave");
  setTimeout(signOut, LEAVE_MS);
});

function signOut() {
  if (!signingOut) notYou.submit();
  signingOut = true;
}

document.addEventListener("visibilitychange", () => link.tell("heartbeat", { visible: !document.hidden }));
document.addEventListener("portal:news", async () => {
  // An answer to the wish for more time has no message of its own.
  if (overlays.phase !== "open" || !isOwner) return;
  const status = await get(facts.urls.status).catch(() => null);
  if (status && status.extension) showExtension(status.extension);
});

let extensionShown = "";

function showExtension(extension) {
  const mark = `${extension.id}:${extension.state}`;
  put(byId("more-time-state"), extension.sentence);
  show(byId("more-time-state"), Boolean(extension.sentence));
  if (extensionShown && extensionShown !== mark && extension.state !== "pending") {
    overlays.hint(extension.sentence, extension.state === "granted" ? "ok" : "warn");
  }
  extensionShown = mark;
}

document.addEventListener("console:panel", async (event) => {
  if (event.detail.name !== "more-time") return;
  const status = await get(facts.urls.status).catch(() => null);
  if (status && status.extension) showExtension(status.extension);
});
if (facts.openPanel) openPanel(facts.openPanel);
link.connect();
