/* The end of a web session that nobody uses: said two minutes before, put off by any key or tap.
   When it has ended, however it was, the page goes to the sign-in. */

import { texts } from "./clock.js";

const WARN_SECONDS = 120;

let place = null;
let timer = null;
let shown = null;

/** To the sign-in, and back afterwards. A console stays: the work behind it goes on. A form that
    is on its way brings an answer of its own: after signing out, what the browser has to forget. */
export function leave() {
  if (!place || document.getElementById("console")) return;
  if (document.querySelector("form[data-sent]")) return;
  const back = encodeURIComponent(location.pathname + location.search);
  location.assign(`${place.dataset.signIn}?next=${back}`);
}

async function ask(method) {
  const { "X-CSRFToken": token } = JSON.parse(place.getAttribute("hx-headers"));
  const answer = await fetch(place.dataset.webSession, {
    method,
    headers: { Accept: "application/json", "X-CSRFToken": token },
    credentials: "same-origin",
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(15000),
  });
  if (answer.type === "opaqueredirect" || answer.status === 401) return null;
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function words(name, seconds) {
  const minutes = String(Math.floor(seconds / 60));
  const rest = String(seconds % 60).padStart(2, "0");
  return texts().web_session[name].replace("%(time)s", `${minutes}:${rest}`);
}

function hide() {
  if (!shown) return;
  shown.note.remove();
  clearInterval(shown.clock);
  document.removeEventListener("keydown", stay);
  document.removeEventListener("pointerdown", stay);
  shown = null;
}

/** `left`: idle_in and ends_in, in seconds. What ends by itself whatever is done is only said. */
function warn(left) {
  hide();
  const until = Date.now() + Math.min(left.idle_in, left.ends_in) * 1000;
  const canStay = left.ends_in > left.idle_in;
  const name = canStay ? "idle" : "limit";
  const note = document.createElement("div");
  note.className = "note note-warn toast-note";
  note.setAttribute("role", "alert");
  note.id = "web-session-note";
  const body = document.createElement("div");
  body.className = "note-body";
  const sentence = document.createElement("p");
  sentence.textContent = words(name, Math.round((until - Date.now()) / 1000));
  body.append(sentence);
  if (canStay) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-primary";
    button.textContent = texts().web_session.stay;
    button.addEventListener("click", stay);
    body.append(button);
    document.addEventListener("keydown", stay);
    document.addEventListener("pointerdown", stay);
  }
  note.append(body);
  document.getElementById("toasts").append(note);
  const clock = setInterval(() => {
    const seconds = Math.round((until - Date.now()) / 1000);
    if (seconds > 0) sentence.textContent = words(name, seconds);
    else look();
  }, 1000);
  shown = { note, clock };
}

async function stay() {
  hide();
  try {
    plan(await ask("POST"));
  } catch {
    plan({ idle_in: WARN_SECONDS + 5, ends_in: WARN_SECONDS + 5 });
  }
}

function plan(left) {
  if (!left) {
    leave();
    return;
  }
  clearTimeout(timer);
  const seconds = Math.min(left.idle_in, left.ends_in) - WARN_SECONDS;
  if (seconds <= 0) warn(left);
  else timer = setTimeout(look, seconds * 1000);
}

/** Ask the server how long it lasts: another page may have been used meanwhile. */
export async function look() {
  if (!place) return;
  hide();
  try {
    plan(await ask("GET"));
  } catch {
    timer = setTimeout(look, 15000);
  }
}

export function startWebSession() {
  if (!document.body.dataset.webSession) return;
  place = document.body;
  const seconds = Number(place.dataset.endsIn);
  plan({ idle_in: seconds, ends_in: seconds + 1 });
  window.addEventListener("pageshow", (event) => event.persisted && look());
}
