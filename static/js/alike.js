/* The same work, several times: who denies begins with the times that are chosen on the page. */

const approving = document.querySelector("form.decision-form");
const denying = document.querySelector("#deny form");

document.querySelector("[data-open-dialog=deny]")?.addEventListener("click", () => {
  const chosen = new FormData(approving).getAll("of");
  for (const one of denying.querySelectorAll("[name=of]")) one.checked = chosen.includes(one.value);
});
