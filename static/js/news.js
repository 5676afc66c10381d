/* The live link: "look again at requests". Facts never come over it; each part of the page with
   data-live="requests ..." fetches itself again through the server's guards. While the link is
   down the page says so and looks again every 15 seconds. */

import { pressLasts, startSteady } from "./steady.js";
import { showToast } from "./toasts.js";
import { leave, look } from "./web_session.js";

// The close code of a web session that has ended (news_watch.SIGNED_OUT).
const SIGNED_OUT = 4401;
const POLL_MS = 15000;
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];

let attempts = 0;
let pollTimer = null;
let wasLive = false;

/** A part somebody is working in is not pulled away under the hands. */
function isBusy(part) {
  if (part.querySelector("dialog[open], details[open]:not(.menu)[data-keep]")) return true;
  const focused = document.activeElement;
  return part.contains(focused) && focused.matches("input:not([type=hidden]), textarea, select");
}

// Parts that are being fetched, by id: since when, and whether there was more news meanwhile.
const fetching = new Map();
const FETCH_MS = 10000;
// After this the answer has taken its place in the page.
const SETTLED_MS = 100;

/** What is fetched replaces the part, and with it whatever htmx would have queued for it. */
function onFetched(event) {
  // The element of the event is another one when the part was replaced; the target stays.
  const { id } = event.detail.target || {};
  const fetched = fetching.get(id);
  if (!fetched) return;
  setTimeout(() => {
    fetching.delete(id);
    const part = document.getElementById(id);
    if (fetched.again && part) refresh(part);
  }, SETTLED_MS);
}

/** Somebody opened a dialog, began to type or presses while the part was being fetched: later. */
function onBeforeSwap(event) {
  const part = event.detail.target;
  if (!part || !part.matches("[data-live]") || event.detail.xhr.status >= 400) return;
  const byNews = event.detail.requestConfig.triggeringEvent?.type === "news";
  if (!isBusy(part) && !(byNews && pressLasts())) return;
  event.detail.shouldSwap = false;
  const fetched = fetching.get(part.id);
  if (fetched) fetched.again = true;
}

function refresh(part) {
  if (isBusy(part)) {
    part.classList.add("stale");
    part.addEventListener("focusout", () => setTimeout(() => refresh(part), 200), { once: true });
    return;
  }
  const wait = pressLasts();
  if (wait) {
    setTimeout(() => part.isConnected && refresh(part), wait);
    return;
  }
  part.classList.remove("stale");
  const under = part.id && fetching.get(part.id);
  if (under && Date.now() - under.since < FETCH_MS) {
    under.again = true;
    return;
  }
  fetching.set(part.id, { since: Date.now(), again: false });
  window.htmx.trigger(part, "news");
}

/** Fetch again every part that shows `about` ("*": every part). */
export function lookAgain(about = "*") {
  document.dispatchEvent(new CustomEvent("portal:news", { detail: { about } }));
  if (!window.htmx) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    if (about === "*" || part.dataset.live.split(/\s+/).includes(about)) refresh(part);
  }
}

function show(state) {
  const link = document.getElementById("live-link");
  if (!link || link.dataset.state === state) return;
  link.dataset.state = state;
  link.textContent = state === "live" ? link.dataset.liveWords : link.dataset.offlineWords;
  link.title = state === "live" ? "" : link.dataset.lost;
  if (state === "offline" && wasLive) showToast(link.dataset.lost, "warn");
}

function startPolling() {
  show("offline");
  if (!pollTimer) pollTimer = setInterval(() => document.hidden || lookAgain(), POLL_MS);
}

function stopPolling() {
  clearInterval(pollTimer);
  pollTimer = null;
  show("live");
}

/** What this person may do is another now: the whole page comes anew, through its guards. A page
    in which somebody works by other means (a console) looks after itself. What is being sent is
    not broken off: it brings a page of its own. */
function onStanding() {
  const wait = pressLasts();
  if (wait) {
    setTimeout(onStanding, wait);
    return;
  }
  if (document.querySelector("form[data-sent]")) return;
  if (document.querySelector("[data-live]")) location.reload();
  else lookAgain();
}

/** Milliseconds since this page was asked for; redirects that led to it are not counted. */
function pageAge() {
  const [navigation] = performance.getEntriesByType("navigation");
  return Math.ceil(performance.now() - (navigation ? navigation.fetchStart : 0));
}

function connect(path) {
  const address = new URL(path, location.href);
  // What was said before the link was there is asked for; a link that was lost looks by itself.
  if (attempts === 0) address.searchParams.set("age", pageAge());
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  socket.addEventListener("open", () => {
    const missed = attempts > 0;
    attempts = 0;
    wasLive = true;
    stopPolling();
    if (missed) lookAgain();
  });
  socket.addEventListener("message", (event) => {
    const { about } = JSON.parse(event.data);
    if (about === "standing") onStanding();
    else lookAgain(about);
  });
  socket.addEventListener("close", (event) => {
    if (event.code === SIGNED_OUT) leave();
    else if (attempts === 0) look();
    startPolling();
    const wait = RETRY_MS[Math.min(attempts, RETRY_MS.length - 1)];
    attempts += 1;
    setTimeout(() => connect(path), wait);
  });
}

/** Start the live link when the page has a person (body data-news). */
export function startNews() {
  document.addEventListener("portal:look-again", () => lookAgain());
  document.addEventListener("htmx:beforeSwap", onBeforeSwap);
  startSteady();
  document.addEventListener("htmx:afterRequest", onFetched);
  if (document.body.dataset.news) connect(document.body.dataset.news);
}
