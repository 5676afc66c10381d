/* Acts go to the server as POST and come back as JSON; an error carries its sentence. */

import { facts, say } from "./page.js";

export class ApiError extends Error {
  /** status 0: the portal did not answer. */
  constructor(status, code, sentence) {
    super(sentence);
    this.status = status;
    this.code = code;
    this.sentence = sentence;
  }

  get signedOut() {
    return this.status === 401 || this.code === "signed_out";
  }

  get passing() {
    return this.status === 0 || this.status >= 500;
  }
}

async function call(method, url, values, timeout = 15000) {
  const headers = { Accept: "application/json" };
  const options = { method, headers, credentials: "same-origin", redirect: "manual", cache: "no-store" };
  if (method === "POST") {
    headers["X-CSRFToken"] = facts.csrf;
    options.body = new URLSearchParams(values || {});
  }
  options.signal = AbortSignal.timeout(timeout);
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    throw new ApiError(0, "no_answer", say("no_answer"));
  }
  // A redirect goes to the sign-in page: the web session is gone.
  if (response.type === "opaqueredirect") throw new ApiError(401, "signed_out", say("signed_out"));
  let answer = {};
  try {
    answer = await response.json();
  } catch {
    if (response.ok) throw new ApiError(0, "no_answer", say("no_answer"));
  }
  if (!response.ok) {
    throw new ApiError(response.status, answer.code || "error", answer.sentence || say("server_error"));
  }
  return answer;
}

export function get(url, timeout) {
  return call("GET", url, null, timeout);
}

export function post(url, values, timeout) {
  return call("POST", url, values, timeout);
}
