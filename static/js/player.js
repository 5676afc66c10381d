/* The player's page: wires buttons, keys, the time line and the list to the playback. */

import { openDialog } from "./dialogs.js";
import { eventsOf, fill, handAt, idleTimes, mediaTime, parseTime } from "./player/events.js";
import { drawLine } from "./player/line.js";
import { Playback } from "./player/playback.js";
import { Pointer } from "./player/pointer.js";
import { Segments } from "./player/segments.js";
import { Stage } from "./player/stage.js";
import { showToast } from "./toasts.js";

const STEP_MS = 5000;
const LONG_STEP_MS = 60000;

const byId = (id) => document.getElementById(id);
const read = (id) => JSON.parse(byId(id).textContent);

function start(player) {
  const map = read("player-map");
  const texts = read("player-texts");
  const events = eventsOf(map, texts);
  const stage = new Stage(byId("screen"));
  const pointer = map.has_input ? new Pointer(byId("screen"), player.dataset.inputUrl) : null;
  stage.onresize = (scale) => {
    if (pointer) pointer.scale = scale;
    pointer?.showAt(playback.position);
  };
  const segmentUrl = (number) => player.dataset.segmentUrl.replace(/0\/$/, `${number}/`);
  const seek = byId("seek");

  const playback = new Playback({
    segments: new Segments(segmentUrl, map.segments),
    stage,
    duration: map.duration,
    idle: idleTimes(map, events),
    on: { position, state, shown, ended, gap, skipped, problem },
  });

  function position(at) {
    byId("now").textContent = mediaTime(at);
    if (document.activeElement !== seek || !seek.matches(":active")) seek.value = at;
    seek.setAttribute(
      "aria-valuetext",
      fill(texts.position, { time: mediaTime(at), total: mediaTime(map.duration) }),
    );
    pointer?.showAt(at);
    markCurrent(at);
    showHand(at);
  }

  function showHand(at) {
    const hand = handAt(map.timeline, at);
    const words = hand ? fill(texts[`hand_${hand.role}`] ?? texts.hand_owner, hand) : "";
    byId("hand").hidden = !words;
    byId("hand").dataset.role = hand?.role ?? "";
    if (byId("hand-words").textContent !== words) byId("hand-words").textContent = words;
  }

  function state() {
    player.dataset.playing = String(playback.playing);
    byId("play-words").textContent = playback.playing ? texts.pause : texts.play;
    byId("stage").dataset.state = playback.busy ? "loading" : "ready";
    byId("stage").dataset.refused = "false";
    if (playback.busy) say(playback.segment ? texts.buffering : texts.loading, true);
  }

  function shown() {
    say("");
  }

  let sayLater = 0;
  /** Words over the picture; a wait is mentioned only when it is felt. */
  function say(words, later = false) {
    clearTimeout(sayLater);
    if (later) sayLater = setTimeout(() => say(words), 300);
    else byId("say").textContent = words;
  }

  function ended() {
    showToast(texts.ended);
  }

  function gap() {
    showToast(texts.gap, "warn");
  }

  function skipped(ms) {
    byId("instant").textContent = fill(texts.skipped, { time: mediaTime(ms) });
  }

  function problem(error) {
    say(error.sentence || texts.failed);
    byId("stage").dataset.state = "failed";
    byId("stage").dataset.refused = String(Boolean(error.sentence));
  }

  // --- The list of events ---------------------------------------------------------------

  const rows = events.map((event) => {
    const row = byId("event-row").content.firstElementChild.cloneNode(true);
    const button = row.querySelector("button");
    row.querySelector("use").setAttribute(
      "href",
      row.querySelector("use").getAttribute("href").replace(/#.*$/, `#${event.icon}`),
    );
    row.querySelector(".event-time").textContent = mediaTime(event.at);
    row.querySelector(".event-words").textContent = event.words;
    row.dataset.kind = event.kind;
    button.addEventListener("click", () => playback.seek(event.at));
    return row;
  });
  if (rows.length) byId("events").append(...rows);
  else byId("events").append(texts.no_events);

  let current = null;
  function markCurrent(at) {
    let index = events.findLastIndex((event) => event.at <= at + 50);
    if (index === current) return;
    rows[current]?.removeAttribute("aria-current");
    current = index;
    rows[index]?.setAttribute("aria-current", "true");
    const list = byId("events");
    const row = rows[index];
    if (row && playback.playing) {
      list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2;
    }
  }

  function toEvent(direction) {
    const at = playback.position;
    const found =
      direction > 0
        ? events.find((event) => event.at > at + 500)
        : events.findLast((event) => event.at < at - 1500);
    playback.seek(found ? found.at : direction > 0 ? map.duration : 0);
  }

  // --- Acts -----------------------------------------------------------------------------

  const acts = {
    toggle: () => (playback.playing ? playback.pause() : playback.play()),
    previous: () => toEvent(-1),
    next: () => toEvent(1),
    full: () =>
      document.fullscreenElement ? document.exitFullscreen() : player.requestFullscreen(),
    link: copyLink,
    skip: () => byId("skip").click(),
    goTo: () => byId("goto-time").focus(),
    faster: () => changeSpeed(1),
    slower: () => changeSpeed(-1),
    help: () => openDialog("player-help"),
  };

  async function copyLink() {
    const moment = `#t=${mediaTime(playback.position)}`;
    history.replaceState(null, "", moment);
    try {
      await navigator.clipboard.writeText(location.href);
      showToast(texts.link_copied, "ok");
    } catch {
      showToast(texts.link_is);
    }
  }

  function changeSpeed(direction) {
    const choice = byId("speed");
    const index = choice.selectedIndex + direction;
    if (index < 0 || index >= choice.options.length) return;
    choice.selectedIndex = index;
    choice.dispatchEvent(new Event("change"));
  }

  byId("play").addEventListener("click", acts.toggle);
  byId("stage").addEventListener("click", acts.toggle);
  byId("previous").addEventListener("click", acts.previous);
  byId("next").addEventListener("click", acts.next);
  byId("link").addEventListener("click", acts.link);
  byId("full").addEventListener("click", acts.full);
  byId("speed").addEventListener("change", (event) => {
    playback.speed = Number(event.target.value);
    byId("instant").textContent = fill(texts.speed, { speed: `${event.target.value}×` });
  });
  byId("skip").addEventListener("change", (event) => {
    playback.skipsIdle = event.target.checked;
    byId("instant").textContent = "";
  });
  seek.addEventListener("input", () => playback.seek(Number(seek.value)));
  byId("goto").addEventListener("submit", (event) => {
    event.preventDefault();
    const at = parseTime(byId("goto-time").value);
    if (at === null) showToast(texts.bad_time, "warn");
    else playback.seek(at);
  });
  document.addEventListener("fullscreenchange", () => stage.fit());

  const KEYS = {
    " ": acts.toggle,
    k: acts.toggle,
    p: acts.previous,
    n: acts.next,
    f: acts.full,
    l: acts.link,
    i: acts.skip,
    g: acts.goTo,
    "+": acts.faster,
    "-": acts.slower,
    "?": acts.help,
    Home: () => playback.seek(0),
    End: () => playback.seek(map.duration),
    ArrowLeft: (event) => playback.seek(playback.position - stepOf(event)),
    ArrowRight: (event) => playback.seek(playback.position + stepOf(event)),
  };
  const stepOf = (event) => (event.shiftKey ? LONG_STEP_MS : STEP_MS);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]") || takesKeys(event)) return;
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });

  // --- Moments in links and notes ---------------------------------------------------------

  function fromAddress() {
    const match = location.hash.match(/^#t=([\d:.]+)$/);
    return match ? parseTime(match[1]) : null;
  }
  addEventListener("hashchange", () => {
    const at = fromAddress();
    if (at !== null) playback.seek(at);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-moment]");
    if (!link) return;
    const at = parseTime(link.textContent);
    if (at !== null) playback.seek(at);
  });
  byId("note-moment")?.addEventListener("click", () => {
    const notes = byId("review-notes");
    const gapBefore = notes.value && !notes.value.endsWith("\n") ? "\n" : "";
    notes.value += `${gapBefore}[${mediaTime(playback.position)}] `;
    notes.focus();
  });

  drawLine(byId("line"), map);
  const wanted = fromAddress();
  if (wanted === null) playback.open();
  else playback.seek(wanted);
}

/** Whether the focused element needs this key itself. */
function takesKeys(event) {
  const { target, key } = event;
  if (target.matches("input[type=range]")) return false;
  if (target.matches("input:not([type=checkbox]), textarea, select")) return true;
  return (key === " " || key === "Enter") && target.matches("button, a, summary, input");
}

const player = byId("player");
if (player) start(player);
