/* The remote screen in the window: fit or 100 %, zoom and pan for fingers, its wanted size. */

import { byId, facts } from "./page.js";

const LEAST = { width: 1024, height: 640 };
const MOST_FIT = 3;
const MOST_ZOOM = 4;
const RESIZE_MS = 300;

export class RemoteDisplay {
  /** onResize(width, height): the window changed; the remote screen may follow. */
  constructor({ onResize }) {
    this.viewport = byId("viewport");
    this.stage = byId("stage");
    this.client = null;
    this.mode = "fit";
    this.zoom = 1;
    this.scale = 1;
    let timer = null;
    new ResizeObserver(() => {
      this.layout();
      clearTimeout(timer);
      timer = setTimeout(() => onResize(...this.wantedSize()), RESIZE_MS);
    }).observe(this.viewport);
  }

  /** Show the picture of this client from now on; the old one stays until then. */
  use(client) {
    this.client = client;
    const display = client.getDisplay();
    this.stage.replaceChildren(display.getElement());
    display.onresize = () => this.client === client && this.layout();
    this.layout();
  }

  get width() {
    return this.client ? this.client.getDisplay().getWidth() : 0;
  }

  get height() {
    return this.client ? this.client.getDisplay().getHeight() : 0;
  }

  setMode(mode) {
    this.mode = mode;
    this.zoom = 1;
    this.layout();
  }

  /** What the remote screen should measure to fill this window without scaling. A phone is
      too small for a plant's desktop: it gets a usual one, and zooms. */
  wantedSize() {
    const { clientWidth, clientHeight } = byId("screen");
    if (Math.min(clientWidth, clientHeight) < 480) return [1024, 768];
    return [Math.max(clientWidth, LEAST.width), Math.max(clientHeight, LEAST.height)].map((side) => side & ~1);
  }

  get fitScale() {
    const { clientWidth, clientHeight } = byId("screen");
    return Math.min(clientWidth / this.width, clientHeight / this.height, MOST_FIT);
  }

  layout() {
    if (!this.width || !this.height) return;
    const base = this.mode === "fit" ? this.fitScale : 1;
    this.scale = base * this.zoom;
    this.client.getDisplay().scale(this.scale);
    this.stage.style.width = `${Math.floor(this.width * this.scale)}px`;
    this.stage.style.height = `${Math.floor(this.height * this.scale)}px`;
  }

  /** Zoom to `zoom` times the fitting size, keeping the point under (x, y) where it is. */
  zoomTo(zoom, clientX, clientY) {
    const before = this.positionOf(clientX, clientY);
    const least = this.mode === "fit" ? 1 : Math.min(1, this.fitScale);
    this.zoom = Math.min(Math.max(zoom, least), Math.max(MOST_ZOOM, MOST_ZOOM / this.fitScale));
    this.layout();
    const after = this.positionOf(clientX, clientY);
    this.pan((before.x - after.x) * this.scale, (before.y - after.y) * this.scale);
  }

  pan(dx, dy) {
    this.viewport.scrollLeft += dx;
    this.viewport.scrollTop += dy;
  }

  /** Where a point of the window lies on the remote screen, in its pixels (unclamped). */
  positionOf(clientX, clientY) {
    const box = this.stage.getBoundingClientRect();
    return { x: (clientX - box.left) / this.scale, y: (clientY - box.top) / this.scale };
  }

  /** The same, inside the remote screen's edges. */
  clampedPositionOf(clientX, clientY) {
    const { x, y } = this.positionOf(clientX, clientY);
    const within = (value, most) => Math.round(Math.min(Math.max(value, 0), Math.max(most - 1, 0)));
    return { x: within(x, this.width), y: within(y, this.height) };
  }

  /** Whether a remote size may be asked for at all. */
  static mayResize(state) {
    return facts.role !== "observer" && state.may_send && !(state.screen && state.screen.fixed);
  }
}
