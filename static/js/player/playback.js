/* Time: plays, waits for the network and the screen, seeks, and jumps over idle times.
   A seek takes the segment that holds the moment and draws from its full picture on, so
   it costs the same in a recording of minutes and of hours. */

const CHUNK = 512 * 1024;
const MAX_BEHIND = 3;
const PREFETCH_MS = 20000;
const LEAD_IN_MS = 700;

export class Playback {
  /** `idle` are [from, to] without activity; `on` takes position, state and problem. */
  constructor({ segments, stage, duration, idle, on }) {
    Object.assign(this, { segments, stage, duration, idle, on });
    this.position = 0;
    this.speed = 1;
    this.skipsIdle = false;
    this.playing = false;
    this.segment = null;
    this.index = -1;
    this.frame = -1;
    this.seeking = 0;
    this.busy = false;
    this.failed = false;
    this.loop = this.loop.bind(this);
  }

  play() {
    if (this.playing) return;
    this.playing = true;
    if (this.position >= this.duration) this.seek(0);
    this.last = performance.now();
    this.on.state();
    requestAnimationFrame(this.loop);
  }

  pause() {
    this.playing = false;
    this.on.state();
  }

  /** Show the first picture, unless somebody wanted another moment meanwhile. */
  async open() {
    const ticket = this.seeking;
    const at = await this.segments.get(0).firstPicture();
    if (ticket === this.seeking) await this.seek(at);
  }

  /** Show the moment `at` (ms). The newest seek wins; returns whether this one did. */
  async seek(at) {
    const ticket = ++this.seeking;
    this.position = Math.min(Math.max(0, at), this.duration);
    this.on.position(this.position);
    this.busy = true;
    this.failed = false;
    this.on.state();
    try {
      return await this.draw(this.position, () => ticket !== this.seeking);
    } catch (error) {
      if (ticket === this.seeking) this.fail(error);
      return false;
    } finally {
      if (ticket === this.seeking && !this.failed) {
        this.busy = false;
        this.last = performance.now();
        this.on.state();
      }
    }
  }

  async draw(at, cancelled) {
    const index = this.segments.indexAt(at);
    const segment = this.segments.get(index);
    await segment.until(Math.min(at, segment.end));
    if (cancelled()) return false;
    const target = segment.indexAt(at);
    const goesOn = this.segment === segment && this.frame >= 0 && this.frame <= target;
    const drawing = goesOn ? this.stage.drawing : this.stage.begin();
    let from = goesOn ? this.frame + 1 : 0;
    if (!goesOn) this.segment = null;
    let fed = 0;
    for (; from <= target; from += 1) {
      const { text } = segment.frames[from];
      drawing.feed(text, from < target);
      fed += text.length;
      if (goesOn) this.frame = from;
      if (fed >= CHUNK) {
        fed = 0;
        await new Promise((resolve) => setTimeout(resolve));
        if (cancelled()) return this.leave(goesOn);
      }
    }
    await drawing.settled();
    if (cancelled()) return this.leave(goesOn);
    if (!goesOn) this.stage.show();
    Object.assign(this, { segment, index, frame: target });
    this.on.shown();
    return true;
  }

  /** A seek that was overtaken: silent frames are not on the screen, so begin anew. */
  leave(goesOn) {
    if (goesOn) this.segment = null;
    return false;
  }

  loop(now) {
    if (!this.playing) return;
    // A frame has the time it began at: after a seek that ended within it, `last` is later.
    const passed = Math.min(Math.max(0, now - this.last), 250) * this.speed;
    this.last = Math.max(now, this.last);
    if (!this.busy) this.advance(passed);
    requestAnimationFrame(this.loop);
  }

  advance(passed) {
    if (!this.segment) {
      this.seek(this.position);
      return;
    }
    if (this.stage.drawing.behind > MAX_BEHIND) return;
    const wanted = Math.min(this.position + passed, this.duration);
    if (this.skipsIdle && this.jump(wanted)) return;
    const { frames, done, failure } = this.segment;
    const arrived = done ? Infinity : (frames.at(-1)?.at ?? 0);
    if (wanted > arrived && failure) {
      this.fail(failure);
      return;
    }
    this.position = Math.min(wanted, arrived);
    this.feedUntil(this.position);
    this.on.position(this.position);
    this.turnOver();
  }

  feedUntil(at) {
    const { frames } = this.segment;
    let last = this.frame;
    while (last + 1 < frames.length && frames[last + 1].at <= at) last += 1;
    while (this.frame < last) {
      this.frame += 1;
      this.stage.drawing.feed(frames[this.frame].text, this.frame < last);
    }
  }

  /** At the end of a segment go on with the next, fetched a little before. */
  turnOver() {
    const next = this.index + 1;
    if (next < this.segments.rows.length) {
      const starts = this.segments.rows[next][1];
      if (starts - this.position < PREFETCH_MS * Math.max(1, this.speed)) this.segments.get(next);
      if (this.position >= starts) this.seek(this.position);
      else if (this.position >= this.segment.end) this.crossGap(starts);
    } else if (this.position >= this.duration) {
      this.pause();
      this.on.ended();
    }
  }

  /** Nothing was recorded until `starts`: say so and go on there. */
  crossGap(starts) {
    this.on.gap();
    this.seek(starts);
  }

  jump(wanted) {
    const span = this.idle.find(([from, to]) => wanted >= from && wanted < to - LEAD_IN_MS);
    if (!span) return false;
    const target = span[1] >= this.duration ? this.duration : span[1] - LEAD_IN_MS;
    this.on.skipped(target - this.position);
    this.seek(target);
    return true;
  }

  fail(error) {
    this.playing = false;
    this.busy = false;
    this.failed = true;
    this.on.state();
    this.on.problem(error);
  }
}
