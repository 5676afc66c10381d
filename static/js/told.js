/* How one is told: lets this device be pushed to. */

import { pushIsPossible, subscribe } from "./installed_app.js";

const PATIENCE_MS = 30_000;
const place = document.getElementById("push-here");
const button = document.getElementById("push-on");
const state = document.getElementById("push-state");

function say(sentence) {
  state.textContent = sentence;
  state.hidden = !sentence;
}

async function isOn() {
  const registration = await navigator.serviceWorker.getRegistration();
  return Boolean(registration && Notification.permission === "granted" && (await registration.pushManager.getSubscription()));
}

/** A push service that does not answer is asked by some browsers for minutes. */
function withinPatience(work) {
  const tooLong = new Promise((_resolve, reject) => {
    setTimeout(reject, PATIENCE_MS, new Error("no answer"));
  });
  return Promise.race([work, tooLong]);
}

async function switchOn() {
  button.setAttribute("aria-busy", "true");
  say(place.dataset.waiting);
  try {
    if ((await Notification.requestPermission()) === "granted") {
      await withinPatience(subscribe());
      location.reload();
      return;
    }
    say(place.dataset.blocked);
  } catch (error) {
    say(error.sentence || place.dataset.failed);
  }
  button.removeAttribute("aria-busy");
}

async function start() {
  if (!pushIsPossible()) {
    say(place.dataset.missing);
  } else if (await isOn()) {
    document.getElementById("push-is-on").hidden = false;
  } else {
    button.hidden = false;
    if (Notification.permission === "denied") say(place.dataset.blocked);
  }
  button.addEventListener("click", switchOn);
}

if (place) start();
