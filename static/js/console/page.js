/* What the page gives its scripts: facts and texts in the reader's language, and the clock. */

const data = JSON.parse(document.getElementById("console-data").textContent);

/** Facts about this console: session, role, urls, csrf, permission, ... */
export const facts = data.facts;

/** A text of the page by its name, with %(name)s filled in. */
export function say(name, values = {}) {
  const text = data.texts[name] ?? name;
  return text.replace(/%\((\w+)\)s/g, (_, key) => values[key] ?? "");
}

export function byId(id) {
  return document.getElementById(id);
}

/** Show or hide; returns whether it is shown now. */
export function show(element, shown) {
  if (element) element.hidden = !shown;
  return shown;
}

export function put(element, words) {
  if (element && element.textContent !== words) element.textContent = words;
}

let offset = Number(document.documentElement.dataset.now || Date.now()) - Date.now();

/** The server says what time it is; this computer's clock may be wrong. */
export function setServerTime(iso) {
  const server = Date.parse(iso);
  if (!Number.isNaN(server)) offset = server - Date.now();
}

/** The server's time in milliseconds. */
export function serverNow() {
  return Date.now() + offset;
}

/** 1.5, as the reader's language writes it. */
export function oneDecimal(number) {
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return number.toLocaleString(document.documentElement.lang, digits);
}

/** 14:05 in the plant's zone, with the zone's name as the server's pages write it. */
export function plantClock(iso) {
  const moment = new Date(iso);
  const zone = { timeZone: facts.timeZone };
  const time = moment.toLocaleTimeString("en-GB", { ...zone, hour: "2-digit", minute: "2-digit" });
  const parts = new Intl.DateTimeFormat("en", { ...zone, timeZoneName: "longOffset" }).formatToParts(moment);
  const away = parts.find(({ type }) => type === "timeZoneName").value;
  return `${time} ${facts.zoneNames[away] ?? away}`;
}

let audible = null;

/** Say something to a screen reader: politely, or at once. */
export function announce(sentence, atOnce = false) {
  const region = byId(atOnce ? "console-alert" : "console-status");
  region.textContent = "";
  clearTimeout(audible);
  audible = setTimeout(() => { region.textContent = sentence; }, 60);
}
