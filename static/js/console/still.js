/* The last picture of a held session, and a ring around what was touched last. */

import Guacamole from "../../vendor/guacamole-common.min.js";
import { get } from "./api.js";

/** A tunnel that plays a text it has, and takes nothing. */
class StillTunnel extends Guacamole.Tunnel {
  constructor(text) {
    super();
    this.connect = () => {
      this.setState(Guacamole.Tunnel.State.OPEN);
      const parser = new Guacamole.Parser();
      parser.oninstruction = (opcode, args) => this.oninstruction(opcode, args);
      parser.receive(text);
    };
    this.disconnect = () => this.setState(Guacamole.Tunnel.State.CLOSED);
  }
}

/** Fetch what `url` says of a held session and show it in `element`, as wide as that is.
    Returns the answer; `picture` and `touched` in it may be null. */
export async function showStill(element, url) {
  const answer = await get(url);
  if (!answer.picture) return answer;
  const client = new Guacamole.Client(new StillTunnel(answer.picture.text));
  const display = client.getDisplay();
  display.showCursor(false);
  const mark = markFor(answer.touched);
  const fit = () => {
    if (!display.getWidth()) return;
    const scale = element.clientWidth / display.getWidth();
    display.scale(scale);
    if (!mark) return;
    mark.style.left = `${answer.touched.x * scale}px`;
    mark.style.top = `${answer.touched.y * scale}px`;
  };
  display.onresize = fit;
  element.classList.add("still");
  element.replaceChildren(display.getElement(), ...(mark ? [mark] : []));
  client.connect();
  new ResizeObserver(fit).observe(element);
  return answer;
}

function markFor(touched) {
  if (!touched) return null;
  const mark = document.createElement("span");
  mark.className = "touch-mark";
  mark.title = touched.sentence;
  return mark;
}
