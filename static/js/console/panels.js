/* The toolbar and its panels: one panel at a time, beside the picture (below it on a phone). */

import { byId } from "./page.js";

let opener = null;

function buttonOf(name) {
  return document.querySelector(`[data-panel="${name}"]`);
}

/** Open a panel by its name; the focus goes to its first field. */
export function openPanel(name, from = buttonOf(name)) {
  const panel = byId("panel");
  for (const part of panel.querySelectorAll("[data-panel-part]")) part.hidden = part.dataset.panelPart !== name;
  for (const button of document.querySelectorAll("[data-panel]")) {
    button.setAttribute("aria-expanded", String(button.dataset.panel === name));
  }
  panel.hidden = false;
  panel.dataset.open = name;
  opener = from;
  const part = panel.querySelector(`[data-panel-part="${name}"]`);
  const first = part.querySelector("[data-first]") || part.querySelector("button, textarea, input");
  if (first) first.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("console:panel", { detail: { name } }));
}

export function closePanel({ giveFocusBack = true } = {}) {
  const panel = byId("panel");
  if (panel.hidden) return;
  const hadFocus = panel.contains(document.activeElement);
  panel.hidden = true;
  panel.dataset.open = "";
  for (const button of document.querySelectorAll("[data-panel]")) button.setAttribute("aria-expanded", "false");
  if (giveFocusBack && hadFocus && opener && opener.offsetParent) opener.focus();
}

export function openPanelName() {
  const panel = byId("panel");
  return panel.hidden ? "" : panel.dataset.open;
}

export function startPanels() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-panel]");
    if (button) {
      if (openPanelName() === button.dataset.panel && button.closest(".tools")) closePanel();
      else openPanel(button.dataset.panel, button);
    }
    if (event.target.closest("[data-close-panel]")) closePanel();
  });
  byId("panel").addEventListener("keydown", (event) => {
    if (event.key === "Escape") closePanel();
  });
}
