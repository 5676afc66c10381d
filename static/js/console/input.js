/* The one gate for input. Nothing is sent while input stands still, and every key or button
   that went down is known here, so that it can be let go (promise 7). */

const MODIFIERS = { ctrl: 0xffe3, alt: 0xffe9, win: 0xffeb };
const MODIFIER_KEYS = new Set([0xffe1, 0xffe2, 0xffe3, 0xffe4, 0xffe7, 0xffe8, 0xffe9, 0xffea, 0xffeb, 0xffec, 0xfe03]);

const NO_BUTTONS = { left: false, middle: false, right: false };

export class InputGate {
  /** allowed(): whether input may go now. onRefused(): somebody tried although it may not.
      onSticky(name, on): a sticky modifier changed. */
  constructor({ allowed, onRefused, onSticky }) {
    this.allowed = allowed;
    this.onRefused = onRefused;
    this.onSticky = onSticky;
    this.client = null;
    this.down = new Set();
    this.buttons = { ...NO_BUTTONS };
    this.at = { x: 0, y: 0 };
    // Down since before this connection: it presses nothing here until it was let go.
    this.spent = {};
    this.sticky = new Set();
    this.stickyDown = false;
  }

  /** Whether anything is held down on the machine now. */
  get holding() {
    return this.down.size > 0 || this.stickyDown || Object.values(this.buttons).some(Boolean);
  }

  /** Use this client from now on; what was held belonged to the old connection. */
  use(client) {
    this.client = client;
    this.down.clear();
    this.stickyDown = false;
    this.spent = { ...this.buttons };
    this.buttons = { ...NO_BUTTONS };
  }

  /** The broker has let go of everything: here it only has to be forgotten. */
  forget() {
    this.down.clear();
    this.stickyDown = false;
  }

  key(pressed, keysym) {
    if (!pressed && this.client && !this.allowed()) {
      // The broker wants to know of every release, also while input stands still.
      this.down.delete(keysym);
      this.client.sendKeyEvent(0, keysym);
      return;
    }
    if (!this.may(pressed)) return;
    if (pressed && !MODIFIER_KEYS.has(keysym)) this.pressSticky();
    if (pressed) this.down.add(keysym);
    else this.down.delete(keysym);
    this.client.sendKeyEvent(pressed ? 1 : 0, keysym);
    if (!pressed && !MODIFIER_KEYS.has(keysym)) this.releaseSticky();
  }

  /** Press and let go of keys together, the last one innermost: Ctrl+Alt+Del. */
  combination(keysyms) {
    if (!this.may(true)) return;
    for (const keysym of keysyms) this.key(true, keysym);
    for (const keysym of [...keysyms].reverse()) this.key(false, keysym);
  }

  /** The pointer at (x, y) of the remote screen with these buttons down. */
  pointer({ x, y }, wanted = this.buttons) {
    const buttons = { ...NO_BUTTONS };
    for (const name of Object.keys(buttons)) {
      this.spent[name] &&= wanted[name];
      buttons[name] = Boolean(wanted[name] && !this.spent[name]);
    }
    const presses = buttons.left || buttons.middle || buttons.right;
    const held = this.buttons.left || this.buttons.middle || this.buttons.right;
    if (!this.may(presses && !held)) {
      if (held && !presses && this.client) {
        this.buttons = buttons;
        this.sendPointer();
      }
      return;
    }
    if (presses && !held) this.pressSticky();
    this.at = { x, y };
    this.buttons = { ...buttons };
    this.sendPointer();
    if (held && !presses) this.releaseSticky();
  }

  click(position, button = "left") {
    this.pointer(position, { ...this.buttons, [button]: true });
    this.pointer(position, { ...this.buttons, [button]: false });
  }

  /** Turn the wheel by whole notches; positive is down. */
  wheel(position, notches) {
    if (!this.may(true)) return;
    this.at = position;
    const direction = notches > 0 ? "down" : "up";
    for (let turn = 0; turn < Math.min(Math.abs(notches), 10); turn += 1) {
      this.sendPointer({ [direction]: true });
      this.sendPointer();
    }
  }

  /** Everything was let go of, by the broker, in an order that triggers nothing. */
  releaseAll() {
    this.forget();
    for (const name of [...this.sticky]) this.setSticky(name, false);
  }

  /** A sticky modifier goes along with the next key or click, then is let go. It is sent with
      that key only: it never lies pressed on the machine while somebody thinks. */
  setSticky(name, on) {
    if (on) this.sticky.add(name);
    else this.sticky.delete(name);
    this.onSticky(name, on);
  }

  pressSticky() {
    if (this.stickyDown || !this.sticky.size) return;
    this.stickyDown = true;
    for (const name of this.sticky) this.client.sendKeyEvent(1, MODIFIERS[name]);
  }

  releaseSticky() {
    if (!this.stickyDown || this.down.size) return;
    this.stickyDown = false;
    for (const name of [...this.sticky]) {
      this.client.sendKeyEvent(0, MODIFIERS[name]);
      this.setSticky(name, false);
    }
  }

  may(isPress) {
    if (this.client && this.allowed()) return true;
    if (isPress) this.onRefused();
    return false;
  }

  sendPointer(more = {}) {
    this.client.sendMouseState({ ...this.at, ...this.buttons, up: false, down: false, ...more });
  }
}
