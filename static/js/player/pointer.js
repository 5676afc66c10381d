/* Where the person's pointer was, and when it clicked: guacd does not send it back to the
   one who moves it, so it comes from the input track. */

const CLICK_MS = 450;
const WINDOW_MS = 5 * 60000;

export class Pointer {
  constructor(screen, url) {
    this.url = url;
    this.parts = new Map();
    this.scale = 1;
    this.element = document.createElement("div");
    this.element.className = "player-pointer";
    this.element.hidden = true;
    screen.append(this.element);
  }

  /** The moves of the five minutes around `at`, fetched once. */
  part(at) {
    const index = Math.floor(at / WINDOW_MS);
    if (!this.parts.has(index)) {
      this.parts.set(index, []);
      this.fetchPart(index);
    }
    return this.parts.get(index);
  }

  async fetchPart(index) {
    const from = Math.max(0, index * WINDOW_MS - 1000);
    try {
      const response = await fetch(`${this.url}?from=${from}&to=${(index + 1) * WINDOW_MS}`, {
        headers: { Accept: "application/json" },
      });
      if (!response.ok) return;
      const { lines } = await response.json();
      this.parts.set(index, lines.filter(([, kind]) => kind === "mouse").map(moveOf));
    } catch {
      this.parts.delete(index); // the picture matters more; the next seek tries again
    }
  }

  showAt(at) {
    const moves = this.part(at);
    let low = 0;
    let high = moves.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (moves[middle].at <= at) low = middle + 1;
      else high = middle;
    }
    const move = moves[low - 1];
    this.element.hidden = !move;
    if (!move) return;
    this.element.style.transform = `translate(${move.x * this.scale}px, ${move.y * this.scale}px)`;
    this.element.classList.toggle("is-pressed", pressedLately(moves, low - 1, at));
  }
}

function moveOf([at, , , [x, y, buttons]]) {
  return { at, x, y, pressed: (buttons & 7) !== 0 };
}

function pressedLately(moves, index, at) {
  for (let i = index; i >= 0 && at - moves[i].at < CLICK_MS; i -= 1) {
    if (moves[i].pressed) return true;
  }
  return moves[index].pressed;
}
