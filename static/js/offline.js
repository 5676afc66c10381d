/* The page for no network: tries again when asked, and when the device says it is back. */

document.getElementById("try-again").addEventListener("click", () => location.reload());
window.addEventListener("online", () => location.reload());
