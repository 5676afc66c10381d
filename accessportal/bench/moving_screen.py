"""An operator screen with a camera picture and a trend that never stand still.

Run by the bench on a virtual X display, by a Python that has Tk (it needs nothing of this
product): `python moving_screen.py`. Always the same picture, frame by frame.
"""

from __future__ import annotations

import math
import random
import tkinter

WIDTH, HEIGHT = 1280, 800
CAMERA = (640, 400)
FRAMES_PER_SECOND = 20


def texture(width: int, height: int) -> list[bytes]:
    """Rows of a grainy picture, twice as wide as the camera, that joins its own end."""
    grain = random.Random(4711)  # noqa: S311 - a pattern, not a secret
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            wave = math.sin(2 * math.pi * x / width * 3) + math.sin(y / 37)
            level = 110 + 50 * wave + grain.randint(-12, 12)
            row += bytes(
                max(0, min(255, int(level * tint))) for tint in (1.0, 0.9, 0.75)
            )
        rows.append(bytes(row) * 2)
    return rows


class Screen:
    """A camera picture that pans and a trend that scrolls."""

    def __init__(self, root: tkinter.Tk) -> None:
        self.root = root
        self.rows = texture(*CAMERA)
        self.frame = 0
        self.canvas = tkinter.Canvas(
            root, width=WIDTH, height=HEIGHT, background="#10242e", highlightthickness=0
        )
        self.canvas.pack()
        self.camera = tkinter.PhotoImage(width=CAMERA[0], height=CAMERA[1])
        self.canvas.create_image(20, 20, image=self.camera, anchor="nw")
        self.trend = self.canvas.create_line(0, 0, 0, 0, fill="#58d68d", width=2)
        self.text = self.canvas.create_text(
            700, 60, anchor="nw", fill="#e8f0f2", font=("DejaVu Sans", 28)
        )

    def step(self) -> None:
        """Draw the next frame and come again."""
        self.frame += 1
        width, height = CAMERA
        shift = self.frame * 7 % width * 3
        pixels = b"".join(row[shift : shift + width * 3] for row in self.rows)
        self.camera.configure(
            data=b"P6 %d %d 255 " % (width, height) + pixels, format="ppm"
        )
        points = []
        for x in range(0, WIDTH - 40, 8):
            at = (x + self.frame * 8) / 60
            points += [20 + x, 620 + 90 * math.sin(at) * math.cos(at / 3.1)]
        self.canvas.coords(self.trend, *points)
        self.canvas.itemconfigure(
            self.text,
            text=f"Line 2   {120 + self.frame % 17} bottles/min\nFrame {self.frame}",
        )
        self.root.after(1000 // FRAMES_PER_SECOND, self.step)


def main() -> None:
    """Fill the display until it goes away."""
    root = tkinter.Tk()
    root.geometry(f"{WIDTH}x{HEIGHT}+0+0")
    Screen(root).step()
    root.mainloop()


if __name__ == "__main__":
    main()
