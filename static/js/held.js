/* How a held session was left, on its page: the last picture, and what was touched last. */

import { showStill } from "./console/still.js";

const AGAIN_MS = 3000;
const TRIES = 6;

const shown = new WeakSet();
const moment = (ms) => new Promise((done) => setTimeout(done, ms));

async function fill(place) {
  if (shown.has(place)) return;
  shown.add(place);
  const words = place.querySelector("[data-words]");
  try {
    // A screen on which much moves has its picture taken again and again: in between there is none.
    for (let tries = 1; tries <= TRIES && place.isConnected; tries += 1) {
      const answer = await showStill(place.querySelector("[data-still]"), place.dataset.heldPicture);
      const touched = answer.touched ? answer.touched.sentence : place.dataset.nothingTouched;
      words.textContent = answer.picture || tries < TRIES ? touched : `${place.dataset.noPicture} ${touched}`;
      if (answer.picture) return;
      await moment(AGAIN_MS);
    }
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
