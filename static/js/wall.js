/* The wall: looks again every few seconds, and rings when there is something new. The sound is
   made here, of two notes; a browser lets a page ring only after somebody has pressed once. */

const LOOK_MS = 3000;
// After this the new part has taken its place in the page.
const SETTLED_MS = 100;
const KEPT = "wall-sound";

const place = document.getElementById("wall-now");
const link = document.getElementById("wall-link");
const button = document.getElementById("wall-sound");
let audio = null;
let failed = 0;

function note(frequency, begin, length) {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0.0001, begin);
  volume.gain.exponentialRampToValueAtTime(0.4, begin + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, begin + length);
  tone.connect(volume).connect(audio.destination);
  tone.start(begin);
  tone.stop(begin + length);
}

function ring() {
  if (!audio || audio.state !== "running") return;
  const now = audio.currentTime;
  note(880, now, 0.35);
  note(1175, now + 0.3, 0.5);
}

/** A browser switches it on, and off again, a moment after it was asked to. */
function makeAudio() {
  audio = new AudioContext();
  audio.addEventListener("statechange", drawSound);
}

function drawSound() {
  const on = Boolean(audio && audio.state === "running");
  button.setAttribute("aria-pressed", String(on));
  button.querySelector("span").textContent = on ? button.dataset.on : button.dataset.off;
}

async function switchSound() {
  if (audio && audio.state === "running") await audio.suspend();
  else {
    if (!audio) makeAudio();
    await audio.resume();
  }
  localStorage.setItem(KEPT, audio.state === "running" ? "on" : "off");
  drawSound();
  ring();
}

function heard(part) {
  return new Set((part ? part.dataset.sound : "").split(" ").filter(Boolean));
}

/** Somebody reads a question or has a hand on a button: not pulled away under it. */
function isBusy() {
  return Boolean(place.querySelector("dialog[open]"));
}

function show(html) {
  const before = heard(place.firstElementChild);
  const held = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  window.htmx.swap(place, html, { swapDelay: 0, settleDelay: 0 });
  setTimeout(() => {
    if ([...heard(place.firstElementChild)].some((one) => !before.has(one))) ring();
    if (held) place.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus();
  }, SETTLED_MS);
}

function say(lost) {
  link.dataset.state = lost ? "lost" : "live";
  link.textContent = lost ? link.dataset.lost : link.dataset.live;
}

async function look() {
  try {
    const answer = await fetch(place.dataset.path, {
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(10000),
    });
    if (answer.status === 404) {
      location.assign(place.dataset.join);
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const html = await answer.text();
    failed = 0;
    say(false);
    if (!isBusy()) show(html);
  } catch {
    failed += 1;
    if (failed === 2) {
      say(true);
      ring();
    }
  }
  setTimeout(look, LOOK_MS);
}

button.addEventListener("click", switchSound);
if (localStorage.getItem(KEPT) === "on") {
  makeAudio();
  // Where the browser wants a press first, the first one anywhere on the screen does.
  // The button does so by itself: pressed twice at once it would be off again.
  document.addEventListener("pointerdown", ({ target }) => button.contains(target) || audio.resume(), { once: true });
}
drawSound();
setTimeout(look, LOOK_MS);
