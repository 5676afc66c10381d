/* Makes a stream cheaper to draw, without changing what is seen.

   Pictures that come in pieces are put together: the client makes three Blobs of each, and
   that takes ten times as long as drawing it. And of what is drawn between two frames that
   are shown (a seek, 16x), a picture is left out that a later one covers exactly: decoding
   is what a seek spends its time on. */

/* Formats the client takes in one instruction, as an older protocol had them. */
const WHOLE = { "image/png": "png", "image/jpeg": "jpeg" };
const SCREEN = "0";
const COVERING = new Set(["12", "14"]); // channel masks: replace, and draw over
const HEAD_LENGTH = 2400; // base64 of the beginning, where size and transparency stand

/* What neither reads the screen nor changes where things are drawn. */
const HARMLESS = new Set([
  "rect", "cfill", "cstroke", "start", "line", "arc", "curve", "close", "nop", "sync", "mouse",
  "move", "shade", "dispose", "img", "blob", "end", "ack", "name", "log",
]);
/* From these on nobody knows any more what a picture covers. */
const BENDING = new Set(["clip", "push", "pop", "reset", "transform", "identity", "distort", "set"]);

/** Base64 of the joined pieces; guacd pads only the last, another source may pad each. */
function joined(pieces) {
  const padded = pieces.slice(0, -1).some((piece) => piece.endsWith("="));
  return padded ? btoa(pieces.map(atob).join("")) : pieces.join("");
}

export class Pictures {
  /** `pass(opcode, args)` draws. */
  constructor(pass) {
    this.pass = pass;
    this.open = new Map();
    this.queue = [];
    this.covering = new Map();
    this.bent = false;
  }

  /** Take an instruction; it is drawn at the next `flush`. */
  take(opcode, args) {
    const picture = this.open.get(args[0]);
    if (opcode === "img" && WHOLE[args[3]]) {
      const [stream, mask, layer, type, x, y] = args;
      this.open.set(stream, { opcode: WHOLE[type], where: [mask, layer, x, y], pieces: [] });
    } else if (opcode === "blob" && picture) {
      picture.pieces.push(args[1]);
    } else if (opcode === "end" && picture) {
      this.open.delete(args[0]);
      this.draw(picture.opcode, [...picture.where, joined(picture.pieces)]);
    } else {
      if (opcode === "img") this.open.delete(args[0]);
      this.watch(opcode, args);
      this.queue.push({ opcode, args });
    }
  }

  /** Draw everything taken, except what is covered. */
  flush() {
    const queue = this.queue;
    this.queue = [];
    this.covering.clear();
    for (const entry of queue) if (!entry.covered) this.pass(entry.opcode, entry.args);
  }

  draw(opcode, args) {
    const entry = { opcode, args, covered: false };
    this.queue.push(entry);
    const [mask, layer, x, y, data] = args;
    if (this.bent || layer !== SCREEN || !COVERING.has(mask)) return;
    const size = opcode === "png" ? opaquePngSize(data) : jpegSize(data);
    if (!size) return;
    const place = `${x},${y},${size}`;
    const before = this.covering.get(place);
    if (before) before.covered = true;
    this.covering.set(place, entry);
  }

  /** What reads the screen needs what was drawn before it. */
  watch(opcode, args) {
    if (HARMLESS.has(opcode)) return;
    if (BENDING.has(opcode)) this.bent = true;
    const readsOther = (opcode === "copy" && args[0] !== SCREEN) || (opcode === "cursor" && args[2] !== SCREEN);
    const sizesOther = opcode === "size" && args[0] !== SCREEN;
    if (!readsOther && !sizesOther) this.covering.clear();
  }
}

const bytesOf = (data) => {
  const head = data.slice(0, HEAD_LENGTH);
  return atob(head.slice(0, head.length - (head.length % 4)));
};
const u16 = (bytes, at) => (bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1);
const u32 = (bytes, at) => u16(bytes, at) * 65536 + u16(bytes, at + 2);

/** "640x480" of a PNG in which nothing can be seen through; otherwise nothing. */
function opaquePngSize(data) {
  const bytes = bytesOf(data);
  const alpha = bytes.charCodeAt(25) & 4;
  if (alpha || bytes.slice(12, 16) !== "IHDR") return null;
  for (let at = 33; at + 8 <= bytes.length; at += 12 + u32(bytes, at)) {
    const kind = bytes.slice(at + 4, at + 8);
    if (kind === "tRNS") return null;
    if (kind === "IDAT") return `${u32(bytes, 16)}x${u32(bytes, 20)}`;
  }
  return null;
}

/** "640x480" of a JPEG, which is always opaque. */
function jpegSize(data) {
  const bytes = bytesOf(data);
  let at = 2;
  while (at + 9 <= bytes.length && bytes.charCodeAt(at) === 0xff) {
    const marker = bytes.charCodeAt(at + 1);
    if (marker >= 0xc0 && marker <= 0xc2) return `${u16(bytes, at + 7)}x${u16(bytes, at + 5)}`;
    at += 2 + u16(bytes, at + 2);
  }
  return null;
}
