/* Fingers: tap = click, long press = right click, tap and drag = drag, one finger moves a
   zoomed picture, two fingers pinch to zoom or turn the wheel. */

const LONG_MS = 550;
const TAP_MS = 400;
const DOUBLE_MS = 300;
const SLOP = 12;
const WHEEL_STEP = 28;
const PINCH_SLOP = 0.12;

/** onTap() is called for each touch that works on the machine. */
export function startTouch(viewport, display, gate, { onTap }) {
  let gesture = null;
  let lastTap = { time: 0, x: 0, y: 0 };

  const middle = (touches) => ({
    x: (touches[0].clientX + touches[1].clientX) / 2,
    y: (touches[0].clientY + touches[1].clientY) / 2,
  });
  const spread = (touches) =>
    Math.hypot(touches[0].clientX - touches[1].clientX, touches[0].clientY - touches[1].clientY);
  const onScreen = (touch) => display.clampedPositionOf(touch.clientX, touch.clientY);
  const near = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) < SLOP * 2;

  function startOne(touch) {
    const point = { x: touch.clientX, y: touch.clientY };
    const again = Date.now() - lastTap.time < DOUBLE_MS && near(point, lastTap);
    gesture = { kind: "one", start: point, last: point, time: Date.now(), again, moved: false, dragging: false };
    gesture.timer = setTimeout(() => {
      if (!gesture || gesture.kind !== "one" || gesture.moved) return;
      gesture.kind = "done";
      onTap();
      gate.click(onScreen(touch), "right");
      if (navigator.vibrate) navigator.vibrate(20);
    }, LONG_MS);
  }

  function startTwo(touches) {
    letGo();
    gesture = { kind: "two", mode: "", from: spread(touches), zoom: display.zoom, last: middle(touches), turned: 0 };
  }

  function letGo() {
    if (!gesture) return;
    clearTimeout(gesture.timer);
    if (gesture.dragging) gate.pointer(gate.at, { left: false, middle: false, right: false });
  }

  function moveOne(touch) {
    const point = { x: touch.clientX, y: touch.clientY };
    if (!gesture.moved && Math.hypot(point.x - gesture.start.x, point.y - gesture.start.y) < SLOP) return;
    const zoomed = viewport.scrollWidth > viewport.clientWidth + 1 || viewport.scrollHeight > viewport.clientHeight + 1;
    if (!gesture.moved) {
      gesture.moved = true;
      clearTimeout(gesture.timer);
      // A zoomed picture is moved by one finger; tap-and-drag still drags on the machine.
      gesture.dragging = gesture.again || !zoomed;
      if (gesture.dragging) {
        onTap();
        gate.pointer(display.clampedPositionOf(gesture.start.x, gesture.start.y), { left: true, middle: false, right: false });
      }
    }
    if (gesture.dragging) gate.pointer(onScreen(touch));
    else display.pan(gesture.last.x - point.x, gesture.last.y - point.y);
    gesture.last = point;
  }

  function moveTwo(touches) {
    const at = middle(touches);
    const ratio = spread(touches) / gesture.from;
    if (!gesture.mode) {
      if (Math.abs(ratio - 1) > PINCH_SLOP) gesture.mode = "pinch";
      else if (Math.abs(at.y - gesture.last.y) > SLOP) gesture.mode = "wheel";
      else return;
    }
    if (gesture.mode === "pinch") {
      display.zoomTo(gesture.zoom * ratio, at.x, at.y);
      display.pan(gesture.last.x - at.x, gesture.last.y - at.y);
    } else {
      gesture.turned += gesture.last.y - at.y;
      const notches = Math.trunc(gesture.turned / WHEEL_STEP);
      gesture.turned -= notches * WHEEL_STEP;
      if (notches) gate.wheel(display.clampedPositionOf(at.x, at.y), notches);
    }
    gesture.last = at;
  }

  viewport.addEventListener("touchstart", (event) => {
    if (event.cancelable) event.preventDefault();
    if (event.touches.length === 1) startOne(event.touches[0]);
    else if (event.touches.length === 2) startTwo(event.touches);
  }, { passive: false });

  viewport.addEventListener("touchmove", (event) => {
    if (event.cancelable) event.preventDefault();
    if (!gesture) return;
    if (gesture.kind === "one" && event.touches.length === 1) moveOne(event.touches[0]);
    else if (gesture.kind === "two" && event.touches.length === 2) moveTwo(event.touches);
  }, { passive: false });

  const onEnd = (event) => {
    if (event.cancelable) event.preventDefault();
    if (!gesture) return;
    const { kind, moved, time, start } = gesture;
    letGo();
    if (event.type === "touchend" && kind === "one" && !moved && Date.now() - time < Math.max(TAP_MS, LONG_MS)) {
      onTap();
      gate.click(display.clampedPositionOf(start.x, start.y));
      lastTap = { time: Date.now(), ...start };
    }
    gesture = event.touches.length ? { kind: "done" } : null;
  };
  viewport.addEventListener("touchend", onEnd, { passive: false });
  viewport.addEventListener("touchcancel", onEnd, { passive: false });
}
