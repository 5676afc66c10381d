/* The service worker on every page of who is signed in, and the push subscription that goes
   with this sign-in. On a computer that others use too there is neither. */

export function pushIsPossible() {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

function token() {
  return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
}

async function ask(method, fields) {
  const answer = await fetch(document.body.dataset.push, {
    method,
    headers: { Accept: "application/json", "X-CSRFToken": token(), "Portal-Automatic": "1" },
    body: fields ? new URLSearchParams(fields) : undefined,
    credentials: "same-origin",
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(15000),
  });
  const said = answer.type === "opaqueredirect" ? {} : await answer.json();
  if (!answer.ok) throw Object.assign(new Error(`${answer.status}`), { sentence: said.sentence });
  return said;
}

function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function sameKey(subscription, key) {
  const known = subscription.options.applicationServerKey;
  if (!known) return false;
  const bytes = new Uint8Array(known);
  return bytes.length === key.length && bytes.every((byte, place) => byte === key[place]);
}

/** Subscribe this browser with the portal's present key, and tell the portal. */
export async function subscribe() {
  const registration = await navigator.serviceWorker.ready;
  const { key, key_id } = await ask("GET");
  let held = await registration.pushManager.getSubscription();
  if (held && !sameKey(held, bytesOf(key))) {
    await held.unsubscribe();
    held = null;
  }
  const made = held || (await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) }));
  const { endpoint, keys } = made.toJSON();
  await ask("POST", { endpoint, p256dh: keys.p256dh, auth: keys.auth, key_id });
}

/** Once for each sign-in: the subscription belongs to it now, with the key of today. */
async function renew(registration) {
  if (!pushIsPossible() || Notification.permission !== "granted") return;
  const here = document.body.dataset.signedIn;
  if (sessionStorage.getItem("push-renewed") === here) return;
  if (!(await registration.pushManager.getSubscription())) return;
  await subscribe();
  sessionStorage.setItem("push-renewed", here);
}

async function forget() {
  const held = await navigator.serviceWorker.getRegistrations();
  await Promise.all(held.map((registration) => registration.unregister()));
}

export async function startInstalledApp() {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker, sharedIdle } = document.body.dataset;
  try {
    if (sharedIdle) await forget();
    else if (serviceWorker) await renew(await navigator.serviceWorker.register(serviceWorker, { updateViaCache: "none" }));
  } catch {
    // A browser that wants no worker, or a service that is away: every page works without.
  }
}
