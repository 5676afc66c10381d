/* The segments of a recording: fetched when they are needed, played while they arrive. */

import { FrameReader, paints } from "./frames.js";

const KEPT = 3;
const OPENING_MS = 5000;

/** One segment: `frames` grows while it is loading; positions are ms of the recording. */
class Segment {
  constructor(url, [number, start, end, firstSync], following) {
    this.number = number;
    this.start = start;
    this.end = end;
    this.firstSync = firstSync;
    this.following = following;
    this.frames = [];
    this.done = false;
    this.failure = null;
    this.waiting = [];
    this.abort = new AbortController();
    this.loading = this.load(url);
  }

  async load(url) {
    try {
      const response = await fetch(url, {
        headers: { Accept: "text/plain, application/json" },
        signal: this.abort.signal,
      });
      if (!response.ok) throw await refusal(response);
      const reader = new FrameReader();
      const stream = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await stream.read();
        if (done) break;
        this.take(reader.push(value));
      }
      this.done = true;
    } catch (error) {
      this.failure = error;
    }
    this.wake();
  }

  /** What lies behind the end belongs to the next segment, which begins with it. */
  take(frames) {
    for (const frame of frames) {
      const at = this.start + frame.time - this.firstSync;
      if (at > this.end && this.following) continue;
      this.frames.push({ at: Math.max(at, this.start), text: frame.text });
    }
    if (frames.length) this.wake();
  }

  wake() {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Resolves when a frame at or behind `at` is there, or all there are. */
  async until(at) {
    while (!this.done && !this.failure && !(this.frames.length && this.frames.at(-1).at >= at)) {
      await new Promise((resolve) => this.waiting.push(resolve));
    }
    if (this.failure && !this.frames.length) throw this.failure;
  }

  /** When the machine's first picture is on the screen: guacd says what there is before it
      has seen it. The start, where nothing comes in the first seconds. */
  async firstPicture() {
    for (let index = 0; ; index += 1) {
      await this.untilThere(index);
      const frame = this.frames[index];
      if (!frame || frame.at > this.start + OPENING_MS) return this.start;
      if (paints(frame.text)) return frame.at;
    }
  }

  /** Resolves when the frame of this number is there, or all there are. */
  async untilThere(index) {
    while (index >= this.frames.length && !this.done && !this.failure) {
      await new Promise((resolve) => this.waiting.push(resolve));
    }
  }

  /** The last frame that is not behind `at`; 0 is the full picture. */
  indexAt(at) {
    let low = 0;
    let high = this.frames.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.frames[middle].at <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

async function refusal(response) {
  let sentence = "";
  try {
    sentence = (await response.json()).sentence;
  } catch {
    // Not our JSON: a proxy's page, perhaps.
  }
  return Object.assign(new Error(sentence || `HTTP ${response.status}`), { sentence });
}

export class Segments {
  /** `urlOf(number)`; `rows` are [number, start, end, guacd's clock at the start]. */
  constructor(urlOf, rows) {
    this.urlOf = urlOf;
    this.rows = rows;
    this.kept = new Map();
  }

  /** Which segment shows the moment `at`. */
  indexAt(at) {
    let index = 0;
    while (index + 1 < this.rows.length && this.rows[index + 1][1] <= at) index += 1;
    return index;
  }

  /** The segment at an index, fetched if it is not here; the least used goes. */
  get(index) {
    let segment = this.kept.get(index);
    if (segment?.failure) {
      this.kept.delete(index);
      segment = undefined;
    }
    if (!segment) {
      const row = this.rows[index];
      segment = new Segment(this.urlOf(row[0]), row, index + 1 < this.rows.length);
    }
    this.kept.delete(index);
    this.kept.set(index, segment);
    while (this.kept.size > KEPT) {
      const [oldest, gone] = this.kept.entries().next().value;
      gone.abort.abort();
      this.kept.delete(oldest);
    }
    return segment;
  }
}
