/* Cuts a stream of Guacamole instructions into frames, and a frame into instructions.
   An element is LENGTH.VALUE; LENGTH counts code points, so a value's end is found by
   counting, never by looking for a separator. */

const ASTRAL = /[\uD800-\uDBFF]/;

/** Where the value of `length` code points that begins at `start` ends (UTF-16 index). */
function endOf(text, start, length) {
  const end = start + length;
  if (end > text.length) return -1;
  if (!ASTRAL.test(text.slice(start, end))) return end;
  let position = start;
  for (let count = 0; count < length; count += 1) {
    if (position >= text.length) return -1;
    position += text.codePointAt(position) > 0xffff ? 2 : 1;
  }
  return position;
}

/** The elements of the instruction at `start`, and where the next begins; null if cut off. */
function instructionAt(text, start) {
  const elements = [];
  let position = start;
  for (;;) {
    const dot = text.indexOf(".", position);
    if (dot < 0) return null;
    const length = Number(text.slice(position, dot));
    if (!Number.isInteger(length)) throw new Error("The stream has no boundary here.");
    const end = endOf(text, dot + 1, length);
    if (end < 0 || end >= text.length) return null;
    elements.push(text.slice(dot + 1, end));
    position = end + 1;
    if (text[end] === ";") return { elements, end: position };
  }
}

/** A frame: everything up to and including one `sync`; `time` is guacd's clock (ms). */
export class FrameReader {
  constructor() {
    this.rest = "";
    this.scanned = 0;
  }

  /** The frames that became whole by `text`. */
  push(text) {
    this.rest += text;
    const frames = [];
    let begun = 0;
    for (;;) {
      const found = instructionAt(this.rest, this.scanned);
      if (!found) break;
      this.scanned = found.end;
      if (found.elements[0] !== "sync") continue;
      frames.push({ time: Number(found.elements[1]), text: this.rest.slice(begun, found.end) });
      begun = found.end;
    }
    this.rest = this.rest.slice(begun);
    this.scanned -= begun;
    return frames;
  }
}

/** Calls `take(opcode, arguments)` for each instruction of a frame's text. */
export function eachInstruction(text, take) {
  let position = 0;
  while (position < text.length) {
    const found = instructionAt(text, position);
    if (!found) return;
    take(found.elements[0], found.elements.slice(1));
    position = found.end;
  }
}

/* Which argument of an instruction names the layer it draws on. */
const LAYER_AT = { img: 2, png: 1, jpeg: 1, cfill: 1, lfill: 1, copy: 6, transfer: 6 };

/** Whether a frame draws on the screen: its layers count from 0, what is out of sight below. */
export function paints(text) {
  let found = false;
  eachInstruction(text, (opcode, args) => {
    if (opcode in LAYER_AT && Number(args[LAYER_AT[opcode]]) >= 0) found = true;
  });
  return found;
}
