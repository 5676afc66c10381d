/* A shared computer: its browser is not to remember who signed in, by whichever way. */

const shared = document.getElementById("id_shared");
const fields = document.querySelectorAll("#id_email, #id_password");
const usual = [...fields].map((field) => field.autocomplete);

/** The box belongs to the form for the password; other ways in take along what it says. */
function tell(other) {
  if (other instanceof HTMLInputElement) {
    other.disabled = !shared.checked;
    return;
  }
  const url = new URL(other.href);
  if (shared.checked) url.searchParams.set("shared", "on");
  else url.searchParams.delete("shared");
  other.href = url.href;
}

function follow() {
  fields.forEach((field, index) => (field.autocomplete = shared.checked ? "off" : usual[index]));
  document.querySelectorAll("[data-takes-shared]").forEach(tell);
}

if (shared) {
  shared.addEventListener("change", follow);
  follow();
}
