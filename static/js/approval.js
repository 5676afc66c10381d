/* Approving for another time: one tap moves the window to now and keeps its length.
   Without this script both times are typed. */

const MINUTE = 60_000;

/** The wall clock of `zone` at `moment`, as a datetime-local field wants it. */
function wallClock(moment, zone) {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(moment);
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
}

/** How long the window is, by its two fields; two hours where one is empty. */
function lengthOf(opens, closes) {
  const length = new Date(`${closes.value}Z`) - new Date(`${opens.value}Z`);
  return length > 0 ? length : 120 * MINUTE;
}

const button = document.querySelector("[data-start-now]");
if (button) {
  const { opens, closes } = button.form.elements;
  button.hidden = false;
  button.addEventListener("click", () => {
    const now = Date.now();
    const length = lengthOf(opens, closes);
    opens.value = wallClock(now, button.dataset.zone);
    closes.value = wallClock(now + length, button.dataset.zone);
  });
}
