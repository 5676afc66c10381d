/* Forms of the console that act on the server: end, freeze, unfreeze, resume, message, more time.
   Nothing typed is lost when the server says no; its sentence stands in the form. */

import { facts, put, show } from "./page.js";
import { passkeysSupported, usePasskey } from "../passkeys.js";
import { post } from "./api.js";

/** Send every form[data-act]; `done[act](answer, form)` runs after success. */
export function startActs(done) {
  for (const form of document.querySelectorAll("form[data-act]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form, event.submitter, done[form.dataset.act]);
    });
  }
}

function bodyOf(form, submitter) {
  const body = new FormData(form);
  if (submitter && submitter.name) body.append(submitter.name, submitter.value);
  return body;
}

/** The field for a code: it opens, or appears; who has a passkey can open it at any time. */
function showStepUp(stepUp, shown) {
  const ways = stepUp.closest("details");
  if (ways) ways.open = shown;
  else show(stepUp, shown);
}

/** Some acts turn out to need more: a fresh factor, or a yes to breaking off a critical step.
    The form then asks for it, once. */
function askForMore(form, code) {
  const stepUp = form.querySelector("[data-stepup]");
  if (["fresh_factor_needed", "passkey_needed"].includes(code) && stepUp) {
    showStepUp(stepUp, true);
    return stepUp.querySelector("input");
  }
  if (code === "critical_step_running") {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "despite_step";
    field.value = "1";
    form.append(field);
    const button = form.querySelector("button[type=submit]");
    const words = button.lastChild.textContent;
    button.lastChild.textContent = ` ${form.dataset.anyway}`;
    const restore = () => {
      field.remove();
      button.lastChild.textContent = words;
    };
    form.addEventListener("reset", restore, { once: true });
    return button;
  }
  return form.querySelector("input:not([type=hidden]), textarea");
}

/** A fresh factor is needed and the person has a passkey: one touch, and the act goes again. */
async function answeredByPasskey(form, problem, body) {
  const holder = form.querySelector("[data-passkey]");
  const asked = ["fresh_factor_needed", "passkey_needed"].includes(problem.code);
  if (!holder || !passkeysSupported || !asked || holder.value) return false;
  if (body.get("otp_code")) return false; // the code was chosen, and is wrong or too old
  try {
    holder.value = await usePasskey(holder.dataset.passkey);
  } catch {
    return false; // turned down: the field for the code is there
  }
  return true;
}

/** `body`: what stood in the form when it was pressed, also where a passkey is asked for first. */
async function send(form, submitter, onDone, body = bodyOf(form, submitter)) {
  // Pressed twice it goes once; another button of the same form is another act.
  const act = submitter && submitter.name ? submitter : form;
  if (act.dataset.busy) return;
  act.dataset.busy = "1";
  const error = form.querySelector("[data-form-error]");
  const buttons = act === form ? form.querySelectorAll("button[type=submit]") : [submitter];
  show(error, false);
  for (const button of buttons) button.setAttribute("aria-busy", "true");
  try {
    const answer = await post(facts.urls[form.dataset.act], body);
    form.reset();
    for (const stepUp of form.querySelectorAll("[data-stepup]")) showStepUp(stepUp, false);
    const dialog = form.closest("dialog");
    if (dialog) dialog.close();
    if (onDone) onDone(answer, form);
  } catch (problem) {
    if (await answeredByPasskey(form, problem, body)) {
      delete act.dataset.busy;
      const holder = form.querySelector("[data-passkey]");
      body.set(holder.name, holder.value);
      await send(form, submitter, onDone, body);
      return;
    }
    put(error.querySelector("[data-words]") || error, problem.sentence || String(problem));
    show(error, true);
    const wanted = askForMore(form, problem.code);
    if (wanted) wanted.focus();
  } finally {
    delete act.dataset.busy;
    for (const button of buttons) button.removeAttribute("aria-busy");
    const holder = form.querySelector("[data-passkey]");
    if (holder) holder.value = "";
  }
}
