/* Preselects the device's own time zone in a form that has none chosen by the person yet. */

const select = document.querySelector("select[data-own-zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const known = select && [...select.options].some((option) => option.value === zone);
if (known && select.selectedIndex <= 0) select.value = zone;
