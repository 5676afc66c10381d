/* One key acknowledges what the other side wants read, while something waits for that. At all
   other times the key goes to the machine. */

const KEY = "F8";

export class OneKey {
  constructor() {
    this.asked = [];
    this.swallowed = false;
    // Before the remote keyboard sees it.
    window.addEventListener("keydown", (event) => this.onKey(event), true);
    window.addEventListener("keyup", (event) => this.onKeyUp(event), true);
  }

  /** While waits() is true the key sends `form`; what was named first is answered first. */
  answers(form, waits) {
    if (form) this.asked.push({ form, waits });
  }

  onKey(event) {
    const one = event.key === KEY && this.asked.find(({ waits }) => waits());
    if (!one) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.swallowed = true;
    if (!event.repeat) one.form.requestSubmit();
  }

  onKeyUp(event) {
    if (event.key !== KEY || !this.swallowed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.swallowed = false;
  }
}
