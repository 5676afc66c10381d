/* Nothing moves under a finger. While a press lasts, what is news waits; and when a part of the
   page grows or shrinks, the buttons that decide stay where they are on the screen. */

// A click comes up to so long after the finger is gone; a finger that rests longer taps nothing.
const CLICK_MS = 350;
const PRESS_MS = 2000;

let pressedUntil = 0;
let held = null;

/** Milliseconds until the press of now has become a click: 0 when there is none. */
export function pressLasts() {
  return Math.max(0, pressedUntil - performance.now());
}

function onDown() {
  pressedUntil = performance.now() + PRESS_MS;
}

function onUp() {
  pressedUntil = performance.now() + CLICK_MS;
}

function topOf(buttons) {
  return buttons.getBoundingClientRect().top;
}

/** Where the deciding buttons are, if somebody may be about to press one. */
function onBeforeSwap() {
  const buttons = document.querySelector(".decision-buttons");
  const seen = buttons && topOf(buttons) < innerHeight && topOf(buttons) + buttons.offsetHeight > 0;
  held = seen ? { buttons, top: topOf(buttons) } : null;
}

function onAfterSwap() {
  if (!held || !held.buttons.isConnected) return;
  const moved = topOf(held.buttons) - held.top;
  if (moved) scrollBy({ top: moved, behavior: "instant" });
}

export function startSteady() {
  const quietly = { capture: true, passive: true };
  addEventListener("pointerdown", onDown, quietly);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, onUp, quietly);
  document.addEventListener("htmx:beforeSwap", onBeforeSwap);
  document.addEventListener("htmx:afterSwap", onAfterSwap);
}
