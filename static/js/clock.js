/* Times that stay true while a page is open: relative words, countdowns, site clocks. */

const page = document.documentElement;
const offset = Number(page.dataset.now || Date.now()) - Date.now();

/** The server's time in milliseconds; a laptop's own clock may be wrong. */
export function serverNow() {
  return Date.now() + offset;
}

/** Texts given by the page, in its language. */
export function texts() {
  const holder = document.getElementById("browser-texts");
  return holder ? JSON.parse(holder.textContent) : {};
}

const timeTexts = texts().time || {};

function fill(text, values) {
  return (text || "").replace(/%\((\w+)\)[ds]/g, (_, name) => values[name]);
}

/** The same words as accessportal/words.py: length_words, in the form after “in”. */
export function lengthWords(milliseconds) {
  const total = Math.floor(Math.abs(milliseconds) / 1000);
  if (total < 60) return fill(timeTexts.seconds, { seconds: total });
  const minutes = Math.floor(total / 60);
  if (minutes < 60) return fill(timeTexts.minutes, { minutes });
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours < 48) {
    return rest
      ? fill(timeTexts.hours_minutes, { hours, minutes: rest })
      : fill(timeTexts.hours, { hours });
  }
  const days = Math.floor((hours + 12) / 24);
  return fill(days === 1 ? timeTexts.day : timeTexts.days, { days });
}

/** "in 2 h 10 min", "5 min ago", "now". */
export function relativeWords(moment) {
  const distance = moment - serverNow();
  if (Math.abs(distance) < 1000) return timeTexts.now;
  const length = lengthWords(distance);
  return fill(distance > 0 ? timeTexts.in : timeTexts.ago, { length });
}

const DAY_MS = 24 * 3600 * 1000;

/** 04:59, 1:04:59 */
export function clockWords(milliseconds) {
  const total = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const rest = `${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

function put(element, words) {
  if (words && element.textContent !== words) element.textContent = words;
}

function tickCountdown(element) {
  const left = Date.parse(element.dataset.countdown) - serverNow();
  const words = left >= DAY_MS ? lengthWords(left) : clockWords(left);
  put(element, left <= 0 && element.dataset.over ? element.dataset.over : words);
  element.classList.toggle("countdown-soon", left > 0 && left < 5 * 60 * 1000);
  if (left <= 0 && "lookAgain" in element.dataset && !element.dataset.looked) {
    element.dataset.looked = "1";
    document.dispatchEvent(new CustomEvent("portal:look-again"));
  }
}

function tickSiteClock(element) {
  const now = new Date(serverNow());
  const zone = { timeZone: element.dataset.clock, hour12: false };
  const time = now.toLocaleTimeString("en-GB", { ...zone, hour: "2-digit", minute: "2-digit" });
  const name = element.textContent.trim().split(" ").slice(1).join(" ");
  put(element, `${time} ${name}`);
}

let ticks = 0;

function tick() {
  for (const element of document.querySelectorAll("[data-countdown]")) tickCountdown(element);
  if (ticks % 10 === 0) {
    for (const element of document.querySelectorAll("[data-relative]")) {
      put(element, relativeWords(Date.parse(element.dataset.relative)));
    }
    for (const element of document.querySelectorAll("[data-clock]")) tickSiteClock(element);
  }
  ticks += 1;
}

/** Start ticking; called once by app.js. */
export function startClock() {
  tick();
  setInterval(tick, 1000);
}
