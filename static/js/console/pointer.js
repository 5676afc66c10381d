/* Mouse and pen on the remote screen. A drag is followed outside of the picture too. */

const WHEEL_STEP = 53;
const LINE = 18;

/** Feed the gate from mouse and pen events on the viewport. onUse(): somebody pressed. */
export function startPointer(viewport, display, gate, { onUse }) {
  let turned = 0;

  const buttonsOf = (event) => ({
    left: Boolean(event.buttons & 1),
    middle: Boolean(event.buttons & 4),
    right: Boolean(event.buttons & 2),
  });
  const onPointer = (event) => {
    if (event.pointerType === "touch") return;
    if (event.type === "pointerdown") {
      if (!display.stage.contains(event.target)) return;
      viewport.setPointerCapture(event.pointerId);
      onUse();
    }
    event.preventDefault();
    gate.pointer(display.clampedPositionOf(event.clientX, event.clientY), buttonsOf(event));
  };
  for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
    viewport.addEventListener(type, onPointer);
  }
  viewport.addEventListener("contextmenu", (event) => event.preventDefault());
  // The middle button would start the browser's own scrolling.
  viewport.addEventListener("mousedown", (event) => event.preventDefault());
  viewport.addEventListener("wheel", (event) => {
    if (event.ctrlKey && !event.deltaMode && Math.abs(event.deltaY) < 40) return; // a track pad's pinch
    event.preventDefault();
    turned += event.deltaMode ? event.deltaY * LINE : event.deltaY;
    const notches = Math.trunc(turned / WHEEL_STEP);
    if (!notches) return;
    turned -= notches * WHEEL_STEP;
    gate.wheel(display.clampedPositionOf(event.clientX, event.clientY), notches);
  }, { passive: false });
}
