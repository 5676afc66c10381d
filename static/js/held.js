/* How a held session was left, on its page: the last picture, and what was touched last. */

import { showStill } from "./console/still.js";

const shown = new WeakSet();

async function fill(place) {
  if (shown.has(place)) return;
  shown.add(place);
  const words = place.querySelector("[data-words]");
  try {
    const answer = await showStill(place.querySelector("[data-still]"), place.dataset.heldPicture);
    const touched = answer.touched ? answer.touched.sentence : place.dataset.nothingTouched;
    words.textContent = answer.picture ? touched : `${place.dataset.noPicture} ${touched}`;
  } catch (problem) {
    words.textContent = problem.sentence || place.dataset.noPicture;
  }
}

function look() {
  for (const place of document.querySelectorAll("[data-held-picture]")) fill(place);
}

// The live part of the page is fetched anew; a session may be held, or go on, meanwhile.
document.addEventListener("htmx:afterSettle", look);
look();
