/* A shared computer: a page nobody uses any more goes away by itself. The server ends the web
   session at the same time; here the screen is cleared. A console looks after itself. */

const CHECK_MS = 5000;
const limitMs = Number(document.body.dataset.sharedIdle) * 1000;
let usedAt = Date.now();

for (const name of ["pointerdown", "keydown", "wheel", "touchstart"]) {
  window.addEventListener(name, () => (usedAt = Date.now()), { passive: true });
}
if (!document.getElementById("console")) {
  setInterval(() => {
    if (Date.now() - usedAt > limitMs) location.reload();
  }, CHECK_MS);
}
