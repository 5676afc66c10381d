/* The start page: offers the size that the remote screen will have in this window. */

const FRAME = 4;
const RAIL = 84 + FRAME;
const STRIP = 57 + FRAME;
const PHONE = 480;

function offerSize() {
  const phone = Math.min(window.innerWidth, window.innerHeight) < PHONE;
  const wide = window.innerWidth >= 992;
  const size = phone
    ? [1024, 768]
    : [Math.max(1024, window.innerWidth - (wide ? RAIL : FRAME)), Math.max(640, window.innerHeight - STRIP - (wide ? 0 : RAIL))];
  document.getElementById("screen-width").value = String(size[0] & ~1);
  document.getElementById("screen-height").value = String(size[1] & ~1);
}

if (document.getElementById("screen-width")) {
  offerSize();
  window.addEventListener("resize", offerSize);
}
