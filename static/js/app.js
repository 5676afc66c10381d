/* What every page has: theme, dialogs, clocks, live news, htmx manners, small helpers. */

import { startClock, texts } from "./clock.js";
import { startDialogs } from "./dialogs.js";
import { startInstalledApp } from "./installed_app.js";
import { startNews } from "./news.js";
import { startPasskeys } from "./passkeys.js";
import { showToast } from "./toasts.js";
import { startWebSession } from "./web_session.js";

function chooseTheme(theme) {
  const yearSeconds = 31536000;
  const age = theme ? yearSeconds : 0;
  document.cookie = `portal_theme=${theme}; path=/; max-age=${age}; samesite=lax`;
  if (theme) document.documentElement.dataset.bsTheme = theme;
  else delete document.documentElement.dataset.bsTheme;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
  }
}

async function copyText(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.dataset.copyText || source.innerText.trim());
    showToast(texts().copied, "ok");
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }
}

function onClick(event) {
  const theme = event.target.closest("[data-theme-choice]");
  if (theme) chooseTheme(theme.dataset.themeChoice);
  const copy = event.target.closest("[data-copy]");
  if (copy) copyText(copy);
  if (event.target.closest("[data-print]")) window.print();
  if (event.target.closest("[data-go-back]")) history.back();
}

/** A form is sent once, however often the button is pressed on a slow link. */
function onSubmit(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  const button = event.submitter;
  if (button) button.setAttribute("aria-busy", "true");
}

/** Coming back by the browser's own button: the form may be sent again. */
function onPageShow() {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

function sentenceIn(html) {
  const found = new DOMParser().parseFromString(html, "text/html").querySelector("[data-error-sentence]");
  return found ? found.textContent.trim() : "";
}

/** htmx: an error is said in a toast and the page keeps what it has; 422 with a form is shown. */
function onBeforeSwap(event) {
  const { xhr } = event.detail;
  if (xhr.status < 400) return;
  const sentence = sentenceIn(xhr.responseText);
  if (xhr.status === 422 && !sentence) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
    return;
  }
  event.detail.shouldSwap = false;
  const quiet = event.detail.elt && event.detail.elt.hasAttribute("data-live") && xhr.status >= 500;
  if (!quiet) showToast(sentence || texts().server_error, "bad");
}

/** Filters left empty stay out of the URL, so that a link says only what was asked. */
function onConfigRequest(event) {
  if (!event.detail.elt.hasAttribute("data-filter-bar")) return;
  for (const [name, value] of Object.entries(event.detail.parameters)) {
    if (value === "") delete event.detail.parameters[name];
  }
}

function focusWhatMatters() {
  const wanted = document.querySelector("[data-focus-me]");
  if (wanted) wanted.focus();
}

startDialogs();
startClock();
startNews();
startPasskeys();
startWebSession();
startInstalledApp();
document.addEventListener("click", onClick);
document.addEventListener("submit", onSubmit);
window.addEventListener("pageshow", onPageShow);
document.addEventListener("htmx:beforeSwap", onBeforeSwap);
document.addEventListener("htmx:configRequest", onConfigRequest);
document.addEventListener("htmx:sendError", (event) => {
  if (!event.detail.elt.hasAttribute("data-live")) showToast(texts().not_sent, "bad");
});
focusWhatMatters();
