/* Forms of the console that act on the server: end, freeze, unfreeze, resume, message, more time.
   Nothing typed is lost when the server says no; its sentence stands in the form. */

import { facts, put, show } from "./page.js";
import { post } from "./api.js";

/** Send every form[data-act]; `done[act](answer, form)` runs after success. */
export function startActs(done) {
  for (const form of document.querySelectorAll("form[data-act]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form, done[form.dataset.act]);
    });
  }
}

async function send(form, onDone) {
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  const error = form.querySelector("[data-form-error]");
  const buttons = form.querySelectorAll("button[type=submit]");
  show(error, false);
  for (const button of buttons) button.setAttribute("aria-busy", "true");
  try {
    const answer = await post(facts.urls[form.dataset.act], new FormData(form));
    form.reset();
    const dialog = form.closest("dialog");
    if (dialog) dialog.close();
    if (onDone) onDone(answer, form);
  } catch (problem) {
    put(error.querySelector("[data-words]") || error, problem.sentence || String(problem));
    show(error, true);
    const first = form.querySelector("input:not([type=hidden]), textarea");
    if (first) first.focus();
  } finally {
    delete form.dataset.busy;
    for (const button of buttons) button.removeAttribute("aria-busy");
  }
}
