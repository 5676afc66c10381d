/* How one is told: lets this device be pushed to. */

import { pushIsPossible, subscribe } from "./installed_app.js";

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

async function switchOn() {
  button.setAttribute("aria-busy", "true");
  say("");
  try {
    if ((await Notification.requestPermission()) === "granted") {
      await subscribe();
      location.reload();
      return;
    }
    say(place.dataset.blocked);
  } catch (error) {
    say(error.message || place.dataset.failed);
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
