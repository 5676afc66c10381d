/* The toolbar's own acts: keys, fit or 100 %, full screen, the phone's keyboard. */

import { announce, byId, say } from "./page.js";

/** data-keys="ffe3 ffe9 ffff" presses these together; data-sticky="ctrl" waits for the next key. */
export function startKeys(gate) {
  byId("panel").addEventListener("click", (event) => {
    const combination = event.target.closest("[data-keys]");
    if (combination) gate.combination(combination.dataset.keys.split(" ").map((code) => Number.parseInt(code, 16)));
    const sticky = event.target.closest("[data-sticky]");
    if (sticky) gate.setSticky(sticky.dataset.sticky, sticky.getAttribute("aria-pressed") !== "true");
  });
}

export function showSticky(name, on) {
  for (const button of document.querySelectorAll(`[data-sticky="${name}"]`)) {
    button.setAttribute("aria-pressed", String(on));
  }
}

export function startView(display) {
  for (const button of document.querySelectorAll('[data-tool="zoom"]')) {
    button.addEventListener("click", () => {
      const zoomed = display.mode === "fit" && display.zoom !== 1;
      const mode = display.mode === "fit" && !zoomed ? "full" : "fit";
      display.setMode(mode);
      showView(mode);
      announce(say(mode === "fit" ? "view_fit" : "view_full"));
    });
  }
  showView("fit");
  startFullScreen();
}

function showView(mode) {
  byId("console").dataset.view = mode;
  for (const button of document.querySelectorAll('[data-tool="zoom"]')) {
    for (const word of button.querySelectorAll("[data-when]")) word.hidden = word.dataset.when !== mode;
  }
}

function startFullScreen() {
  const buttons = document.querySelectorAll('[data-tool="full-screen"]');
  const showState = () => {
    const full = Boolean(document.fullscreenElement);
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(full));
      for (const word of button.querySelectorAll("[data-when]")) word.hidden = word.dataset.when !== (full ? "on" : "off");
    }
    // In full screen the browser lets keys like Escape through to the machine.
    if (full && navigator.keyboard && navigator.keyboard.lock) navigator.keyboard.lock().catch(() => {});
    if (!full && navigator.keyboard && navigator.keyboard.unlock) navigator.keyboard.unlock();
  };
  for (const button of buttons) {
    button.hidden = !document.documentElement.requestFullscreen;
    button.addEventListener("click", () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen().catch(() => {});
    });
  }
  document.addEventListener("fullscreenchange", showState);
  showState();
}

/** The window as the phone shows it: its own keyboard takes room away. */
export function startVisibleHeight() {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const measure = () => {
    document.documentElement.style.setProperty("--visible-height", `${Math.round(viewport.height * viewport.scale)}px`);
    if (viewport.scale === 1) window.scrollTo(0, 0);
  };
  viewport.addEventListener("resize", measure);
  measure();
}
