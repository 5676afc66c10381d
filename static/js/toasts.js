/* Short messages at the edge of the page, in a live region. Errors stay until closed. */

import { texts } from "./clock.js";

const ICONS = { ok: "circle-check", info: "info-circle", warn: "alert-triangle", bad: "alert-octagon" };

function iconElement(name) {
  const sample = document.querySelector("svg.icon use");
  const sprite = sample ? sample.getAttribute("href").split("#")[0] : "/static/vendor/icons.svg";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** Show `sentence` with a tone: ok, info, warn or bad. */
export function showToast(sentence, tone = "info") {
  const place = document.getElementById("toasts");
  if (!place || !sentence) return;
  for (const shown of place.children) {
    if (shown.dataset.sentence === sentence) shown.remove();
  }
  const toast = document.createElement("div");
  toast.className = `note note-${tone} toast-note`;
  toast.dataset.sentence = sentence;
  if (tone === "bad") toast.setAttribute("role", "alert");
  const body = document.createElement("div");
  body.className = "note-body";
  body.textContent = sentence;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close-note";
  close.setAttribute("aria-label", texts().close || "Close");
  close.append(iconElement("x"));
  close.addEventListener("click", () => toast.remove());
  toast.append(iconElement(ICONS[tone] || ICONS.info), body, close);
  place.append(toast);
  if (tone !== "bad") setTimeout(() => toast.remove(), 8000);
}
