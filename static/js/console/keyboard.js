/* The keyboard goes to the machine only while the remote screen has the focus. Ctrl+Alt+Shift,
   or the button in the strip, gives it back (WCAG 2.1.2). Leaving the window lets go of all. */

import Guacamole from "../../vendor/guacamole-common.min.js";
import { announce, byId, say } from "./page.js";

const CTRL = [0xffe3, 0xffe4];
const ALT = [0xffe9, 0xffea];
const SHIFT = [0xffe1, 0xffe2];
const BACKSPACE = 0xff08;
// A phone tells of a deletion only where there is something to delete.
const PADDING = "\u200b".repeat(8);
const finePointer = window.matchMedia("(pointer: fine)");

export class RemoteKeyboard {
  /** mayCapture(): whether this person may type at all. onRelease(): keys must be let go. */
  constructor(gate, { mayCapture, onRelease }) {
    this.screen = byId("screen");
    this.sink = byId("key-sink");
    this.button = byId("release-keyboard");
    this.mayCapture = mayCapture;
    this.onRelease = onRelease;
    this.captured = false;

    // The computer's own repeats: the library makes them itself, and none of a key that was
    // pressed before the machine took input, or before everything was let go of.
    this.screen.addEventListener("keydown", (event) => {
      if (!event.repeat || event.isComposing || !this.mayCapture()) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    }, true);
    const keyboard = new Guacamole.Keyboard(this.screen);
    this.keyboard = keyboard;
    keyboard.onkeydown = (keysym) => {
      if (!this.mayCapture()) return true;
      if (this.isChord(keysym)) {
        this.giveBack();
        return false;
      }
      gate.key(true, keysym);
      return false;
    };
    keyboard.onkeyup = (keysym) => gate.key(false, keysym);

    this.screen.addEventListener("focusin", (event) => {
      // The hidden field understands dead keys and input methods; a phone would open its keyboard.
      if (event.target === this.screen && this.mayCapture() && finePointer.matches) this.capture();
      this.setCaptured(this.mayCapture());
    });
    this.screen.addEventListener("focusout", (event) => {
      if (this.screen.contains(event.relatedTarget)) return;
      this.letGo();
      this.setCaptured(false);
    });
    this.button.addEventListener("click", () => (this.captured ? this.giveBack() : this.capture()));
    window.addEventListener("blur", () => this.letGo());
    document.addEventListener("visibilitychange", () => document.hidden && this.letGo());
    window.addEventListener("pagehide", () => this.letGo());
    this.listenToOnScreenKeyboard(gate);
    this.setCaptured(false);
  }

  /** A phone's keyboard sends words and deletions instead of keys; Guacamole takes the words. */
  listenToOnScreenKeyboard(gate) {
    const refill = () => {
      this.sink.value = PADDING;
      this.sink.setSelectionRange(PADDING.length, PADDING.length);
    };
    this.sink.addEventListener("focus", refill);
    this.sink.addEventListener("compositionend", () => setTimeout(refill));
    this.sink.addEventListener("input", (event) => {
      if (event.isComposing) return;
      if (event.inputType === "deleteContentBackward" && this.mayCapture()) gate.combination([BACKSPACE]);
      refill();
    });
  }

  isChord(keysym) {
    const pressed = (keysyms) => keysyms.some((one) => one === keysym || this.keyboard.pressed[one]);
    return pressed(CTRL) && pressed(ALT) && pressed(SHIFT);
  }

  /** Take the keyboard to the machine. On a phone this leaves the on-screen keyboard closed. */
  capture() {
    if (!this.mayCapture()) return;
    (finePointer.matches ? this.sink : this.screen).focus({ preventScroll: true });
  }

  /** Open the phone's own keyboard, or close it. */
  toggleOnScreenKeyboard() {
    if (document.activeElement === this.sink) this.sink.blur();
    else this.sink.focus({ preventScroll: true });
  }

  /** Give the keyboard back to the page: the focus goes to the button that says so. */
  giveBack() {
    this.letGo();
    this.button.focus();
    this.setCaptured(false);
    announce(say("keyboard_here"));
  }

  letGo() {
    // First the broker, all at once; then the keys one by one, which are up by then.
    this.onRelease();
    this.keyboard.reset();
  }

  setCaptured(captured) {
    this.captured = captured;
    this.button.hidden = !this.mayCapture();
    this.button.setAttribute("aria-pressed", String(captured));
    byId("keyboard-words").textContent = say(captured ? "keyboard_on_machine" : "keyboard_on_page");
    this.screen.dataset.captured = String(captured);
  }

  refresh() {
    this.setCaptured(this.mayCapture() && this.screen.contains(document.activeElement));
  }
}
