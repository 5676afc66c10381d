/* The picture: one Guacamole client for each segment, fed frame by frame.
   A new one is drawn out of sight and takes the old one's place when its picture is whole. */

import Guacamole from "../../vendor/guacamole-common.min.js";
import { eachInstruction } from "./frames.js";
import { Pictures } from "./pictures.js";

/** A tunnel that leads nowhere: instructions are put in by hand; `onDrawn` hears the number of
    a frame when it is on the screen. */
function replayTunnel(onDrawn) {
  const tunnel = new Guacamole.Tunnel();
  tunnel.connect = () => {};
  tunnel.disconnect = () => {};
  tunnel.sendMessage = (opcode, frame) => {
    if (opcode === "sync") onDrawn(Number(frame));
  };
  return tunnel;
}

class Drawing {
  constructor() {
    this.asked = 0;
    this.drawn = 0;
    this.waiting = [];
    this.tunnel = replayTunnel((frame) => {
      this.drawn = Math.max(this.drawn, frame);
      for (const resolve of this.waiting.splice(0)) resolve();
    });
    this.client = new Guacamole.Client(this.tunnel);
    this.display = this.client.getDisplay();
    this.display.showCursor(false);
    this.client.connect();
    this.pictures = new Pictures((opcode, args) => this.tunnel.oninstruction(opcode, args));
  }

  /** Draw a frame; `silent` frames are drawn together with the next one that is not. */
  feed(text, silent) {
    eachInstruction(text, (opcode, args) => {
      if (opcode !== "sync") {
        this.pictures.take(opcode, args);
      } else if (!silent) {
        this.pictures.flush();
        this.asked += 1;
        // Our own number: the client answers the same time only once, and guacd may repeat it.
        this.tunnel.oninstruction("sync", [String(this.asked)]);
      }
    });
  }

  /** How many frames were asked for and are not on the screen yet. */
  get behind() {
    return this.asked - this.drawn;
  }

  async settled() {
    while (this.behind > 0) await new Promise((resolve) => this.waiting.push(resolve));
  }

  close() {
    this.client.disconnect();
    this.display.getElement().remove();
  }
}

export class Stage {
  constructor(screen) {
    this.screen = screen;
    this.drawing = null;
    this.next = null;
    this.onresize = null;
    new ResizeObserver(() => this.fit()).observe(screen.parentElement);
  }

  /** Begin again with a full picture; what is shown stays until `show`. */
  begin() {
    this.next?.close();
    this.next = new Drawing();
    return this.next;
  }

  /** Let the newly begun drawing take the place of the old one. */
  show() {
    if (!this.next) return;
    const old = this.drawing;
    this.drawing = this.next;
    this.next = null;
    this.drawing.display.onresize = () => this.fit();
    this.screen.append(this.drawing.display.getElement());
    this.fit();
    old?.close();
  }

  get size() {
    const display = this.drawing?.display;
    return display ? { width: display.getWidth(), height: display.getHeight() } : null;
  }

  fit() {
    const size = this.size;
    if (!size?.width || !size?.height) return;
    const stage = this.screen.parentElement;
    if (!document.fullscreenElement) stage.style.aspectRatio = `${size.width} / ${size.height}`;
    const scale = Math.min(stage.clientWidth / size.width, stage.clientHeight / size.height);
    if (scale > 0 && Math.abs(scale - this.drawing.display.getScale()) > 0.001) {
      this.drawing.display.scale(scale);
    }
    this.screen.style.width = `${size.width * scale}px`;
    this.screen.style.height = `${size.height * scale}px`;
    this.onresize?.(scale);
  }
}
