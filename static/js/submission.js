/* Asking for access: only the machines of the chosen site, and an end only where it is wanted.
   Without this script the whole form is there and works. */

const form = document.querySelector("[data-wish]");

function chosen(name) {
  const field = form.elements[name];
  return field ? field.value : "";
}

/** Machines of another site are hidden and let go of: they cannot be asked for together. */
function showSite() {
  const site = chosen("site");
  for (const group of form.querySelectorAll("[data-site]")) {
    const here = group.dataset.site === site;
    group.hidden = !here;
    const name = group.querySelector(".machine-site-name");
    if (name) name.hidden = here;
    if (here) continue;
    for (const box of group.querySelectorAll("input:checked")) box.checked = false;
  }
  for (const words of form.querySelectorAll("[data-zone-of]")) {
    words.hidden = Boolean(site) && words.dataset.zoneOf !== site;
  }
}

/** The offered start is one of the chosen plant's clock, until somebody types another. */
function offerStart() {
  const offers = [...form.querySelectorAll("[data-start]")];
  const offer = offers.find((words) => words.dataset.zoneOf === chosen("site"));
  const start = form.elements.start;
  const untouched = offers.some((words) => words.dataset.start === start.value);
  if (offer && untouched) start.value = offer.dataset.start;
}

/** The end has its own field only with "until …". */
function showEnd() {
  form.querySelector("[data-own-end]").hidden = chosen("duration") !== "until";
}

/** Whoever only looks has no clipboard to put anything into. */
function showClipboard() {
  const mayType = chosen("permission") !== "view";
  const box = form.elements.clipboard_in;
  if (!mayType) box.checked = false;
  box.closest(".field").hidden = !mayType;
}

/** Of the repeat only what is needed is shown. */
function showRepeat() {
  const how = chosen("repeat");
  form.querySelector("[data-when-repeat]").hidden = how === "";
  form.querySelector("[data-when-weekly]").hidden = how !== "WEEKLY";
  form.querySelector("[data-when-monthly]").hidden = !["MONTHLY", "YEARLY"].includes(how);
  form.querySelector("[data-when-times]").hidden = chosen("ends") === "until";
  form.querySelector("[data-when-until]").hidden = chosen("ends") !== "until";
}

/** A time that the portal offers goes into the fields; what is found is then looked at again. */
function takeTime(event) {
  const offer = event.target.closest("[data-take-start]");
  if (!offer) return;
  form.elements.start.value = offer.dataset.takeStart;
  if (chosen("duration") === "until") form.elements.end.value = offer.dataset.takeEnd;
  form.elements.start.dispatchEvent(new Event("change", { bubbles: true }));
  form.elements.start.focus();
}

function show() {
  showSite();
  offerStart();
  showEnd();
  showRepeat();
  showClipboard();
}

/** What the company usually does there, into the field for it; what is typed stays. */
function useUsualWork(event) {
  const button = event.target.closest("[data-usual-work]");
  if (!button) return;
  const { purpose } = form.elements;
  const words = button.dataset.usualWork;
  if (!purpose.value.includes(words)) purpose.value = [purpose.value.trim(), words].filter(Boolean).join("\n");
  purpose.dispatchEvent(new Event("input", { bubbles: true }));
  purpose.focus();
}

let changes = 0;
const askedAfter = new WeakMap();

/** An answer to what was asked before the last change would take that change back: "leave out" of
    a date, ticked while it was on its way. The next one comes, and says it all. */
function dropOlderAnswer(event) {
  if (askedAfter.get(event.detail.xhr) < changes) event.detail.shouldSwap = false;
}

if (form) {
  show();
  form.addEventListener("change", () => {
    changes += 1;
  });
  form.addEventListener("htmx:beforeRequest", (event) => askedAfter.set(event.detail.xhr, changes));
  form.addEventListener("htmx:beforeSwap", dropOlderAnswer);
  form.addEventListener("click", useUsualWork);
  form.addEventListener("change", show);
  form.addEventListener("click", takeTime);
}
