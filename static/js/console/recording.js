/* The banner of a recording that failed: since when, until when, and who may let it go on. */

import { announce, byId, put, serverNow, show } from "./page.js";
import { clockWords } from "../clock.js";

export class RecordingBanner {
  constructor() {
    this.until = null;
    this.sentence = "";
    setInterval(() => this.tick(), 500);
  }

  /** The broker's `recording` word. */
  update(now) {
    const failed = !now.ok;
    if (failed && now.sentence !== this.sentence) announce(now.sentence, true);
    this.sentence = failed ? now.sentence : "";
    this.until = failed && now.until ? Date.parse(now.until) : null;
    put(byId("recording-sentence"), this.sentence);
    put(byId("recording-sentence-over"), this.sentence);
    show(byId("banner-recording"), failed);
    const goOn = byId("banner-go-on");
    if (goOn) show(goOn, failed && Boolean(now.may_continue));
    this.tick();
  }

  end() {
    this.until = null;
    show(byId("banner-recording"), false);
  }

  tick() {
    const left = this.until === null ? "" : clockWords(Math.max(0, this.until - serverNow()));
    for (const name of ["recording-left", "recording-left-over"]) {
      const place = byId(name);
      put(place.querySelector("[data-words]"), left);
      show(place, Boolean(left));
    }
  }
}
