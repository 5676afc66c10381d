/* A shared computer: its browser is not to remember who signed in. */

const shared = document.getElementById("id_shared");
const fields = document.querySelectorAll("#id_email, #id_password");
const usual = [...fields].map((field) => field.autocomplete);

function follow() {
  fields.forEach((field, index) => (field.autocomplete = shared.checked ? "off" : usual[index]));
}

if (shared) {
  shared.addEventListener("change", follow);
  follow();
}
