/* Passkeys: a form with [data-passkey] asks for one when it is sent, and takes the answer along.
   The browser's own window does the asking; nothing secret ever passes here. */

import { texts } from "./clock.js";

export const passkeysSupported = Boolean(window.PublicKeyCredential && navigator.credentials);

function toBytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function toText(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function toJson(credential, names) {
  const response = {};
  for (const name of names) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  const transports = credential.response.getTransports ? credential.response.getTransports() : undefined;
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: { ...response, transports },
    clientExtensionResults: {},
  });
}

function withBytes(list) {
  return (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));
}

async function askServer(url) {
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  const answer = await fetch(url, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": token },
    credentials: "same-origin",
    redirect: "manual",
    signal: AbortSignal.timeout(15000),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/** What a passkey of this person signs for the challenge that `url` gives; as JSON text. */
export async function usePasskey(url) {
  const options = await askServer(url);
  const credential = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: withBytes(options.allowCredentials),
    },
  });
  return toJson(credential, ["clientDataJSON", "authenticatorData", "signature", "userHandle"]);
}

/** A new passkey, made for what the page holds; as JSON text. */
async function makePasskey(options) {
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
    },
  });
  return toJson(credential, ["clientDataJSON", "attestationObject"]);
}

/** Why it did not work, in a sentence; the other ways stay open. */
function sentenceFor(error) {
  const words = texts().passkey;
  if (error.name === "InvalidStateError") return words.known;
  if (error.name === "NotAllowedError" || error.name === "AbortError") return words.cancelled;
  if (error.name === "SecurityError" || error.name === "NotSupportedError") return words.unsupported;
  return words.failed;
}

function say(form, sentence) {
  const place = form.querySelector("[data-passkey-error]");
  if (!place) return;
  place.textContent = sentence;
  place.hidden = !sentence;
}

function offerOtherWays(form) {
  for (const other of form.querySelectorAll("details[data-other-ways]")) other.open = true;
}

/** Whether this form goes by passkey: it may, and no code was typed instead. */
function wantsPasskey(form) {
  const holder = form.querySelector("[data-passkey], [data-passkey-answer]");
  if (!holder || holder.value || form.dataset.act) return null;
  const code = form.querySelector("[name=otp_code], [name=code]");
  return code && code.value.trim() ? null : holder;
}

async function onSubmit(event) {
  const form = event.target;
  if (form.dataset.asking) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  const holder = wantsPasskey(form);
  if (!holder) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const button = event.submitter;
  form.dataset.asking = "1";
  if (button) button.setAttribute("aria-busy", "true");
  say(form, "");
  try {
    if (!passkeysSupported) throw new DOMException("", "NotSupportedError");
    const made = holder.dataset.passkeyOptions;
    holder.value = await (made ? makePasskey(JSON.parse(made)) : usePasskey(holder.dataset.passkey));
    delete form.dataset.asking;
    form.requestSubmit(button);
  } catch (error) {
    say(form, sentenceFor(error));
    offerOtherWays(form);
    if (button) button.removeAttribute("aria-busy");
  } finally {
    delete form.dataset.asking;
  }
}

export function startPasskeys() {
  document.addEventListener("submit", onSubmit, { capture: true });
  // A page that comes back from the browser's memory must not send an old answer.
  window.addEventListener("pageshow", () => {
    for (const holder of document.querySelectorAll("[data-passkey], [data-passkey-answer]")) holder.value = "";
  });
}
