"""A screen with a patch that changes colour with every key, and a part that changes at a rate.

Run by the bench on a virtual X display, by a Python that has Tk (it needs nothing of this
product): `python probe_screen.py PICTURES_PER_SECOND`.
"""

from __future__ import annotations

import math
import sys
import tkinter

WIDTH, HEIGHT = 1280, 800
COLOURS = ("#c0392b", "#2980b9")


class Screen:
    """Draws what has changed, and nothing else."""

    def __init__(self, root: tkinter.Tk, fps: float) -> None:
        self.root = root
        self.fps = fps
        self.keys = 0
        self.frame = 0
        self.canvas = tkinter.Canvas(
            root, width=WIDTH, height=HEIGHT, background="#10242e", highlightthickness=0
        )
        self.canvas.pack()
        self.patch = self.canvas.create_rectangle(
            40, 40, 104, 104, fill=COLOURS[0], width=0
        )
        self.trend = self.canvas.create_line(0, 0, 0, 0, fill="#58d68d", width=2)
        self.values = [
            self.canvas.create_text(
                700 + 180 * (n % 3), 80 + 50 * (n // 3), anchor="nw",
                fill="#e8f0f2", font=("DejaVu Sans", 20),
            )
            for n in range(12)
        ]  # fmt: skip
        root.bind("<KeyPress>", self.key)

    def key(self, _event: object) -> None:
        """One key: the other colour, at once."""
        self.keys += 1
        self.canvas.itemconfigure(self.patch, fill=COLOURS[self.keys % 2])
        self.canvas.update_idletasks()

    def step(self) -> None:
        """Twelve values and a trend, as an operator screen has them."""
        self.frame += 1
        points = []
        for x in range(0, 600, 8):
            at = (x + self.frame * 8) / 60
            points += [40 + x, 420 + 90 * math.sin(at) * math.cos(at / 3.1)]
        self.canvas.coords(self.trend, *points)
        for number, text in enumerate(self.values):
            self.canvas.itemconfigure(
                text, text=f"{(self.frame * (7 + number)) % 997 / 10:5.1f} bar"
            )
        self.root.after(round(1000 / self.fps), self.step)


def main() -> None:
    """Fill the display until it goes away."""
    fps = float(sys.argv[1])
    root = tkinter.Tk()
    root.geometry(f"{WIDTH}x{HEIGHT}+0+0")
    screen = Screen(root, fps)
    root.focus_force()
    if fps:
        screen.step()
    root.mainloop()


if __name__ == "__main__":
    main()
