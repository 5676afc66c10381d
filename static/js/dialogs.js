/* Dialogs opened by data-open-dialog="ID" and closed by data-close-dialog or Escape. */

/** Open the dialog with this id; focus comes back to the opener when it closes. */
export function openDialog(id, opener = document.activeElement) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const first = dialog.querySelector("[autofocus]") || dialog.querySelector("textarea, input:not([type=hidden])");
  // On a phone the keyboard would cover what is asked, and the buttons.
  if (matchMedia("(pointer: coarse)").matches) {
    dialog.tabIndex = -1;
    dialog.focus();
  } else if (first) first.focus();
  dialog.addEventListener("close", () => opener && opener.isConnected && opener.focus(), { once: true });
}

function onClick(event) {
  const opener = event.target.closest("[data-open-dialog]");
  if (opener) {
    event.preventDefault();
    openDialog(opener.dataset.openDialog, opener);
    return;
  }
  const closer = event.target.closest("[data-close-dialog]");
  if (closer) {
    closer.closest("dialog").close();
    return;
  }
  if (event.target.matches("dialog.drawer")) event.target.close();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

function onKey(event) {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

export function startDialogs() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
}
