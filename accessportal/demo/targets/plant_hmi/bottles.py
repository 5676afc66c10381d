"""The bottles on the belt of the filling line: empty, filling, capped, labelled."""

from __future__ import annotations

from .kit import Board

SPACING = 46.0
FILL_FROM, FILL_TO = 330.0, 540.0
CAP_AT, LABEL_AT = 646.0, 796.0
GLASS, GLASS_EDGE = "#dfeef2", "#7fa3ad"
PRODUCT, CAP, LABEL = "#e2a33b", "#b3261e", "#ffffff"
HALF, TALL = 12, 62


class BottleRow:
    """A row of bottles in a circle: what leaves at the right comes in empty at the left."""

    def __init__(self, board: Board, *, left: int, right: int, floor: int) -> None:
        self._canvas = board.canvas
        self._left, self._floor = left + HALF, floor
        self._length = ((right - left - 2 * HALF) // SPACING) * SPACING
        self._offset = 0.0
        self._drawn: list[float] = []
        self._bottles = [self._draw() for _ in range(int(self._length / SPACING))]
        self.move(1.0)

    def _draw(self) -> dict[str, int]:
        canvas = self._canvas
        top = self._floor - TALL
        self._drawn.append(0.0)
        return {
            "glass": canvas.create_polygon(
                -HALF, self._floor, -HALF, top + 26, -5, top + 12, -5, top,
                5, top, 5, top + 12, HALF, top + 26, HALF, self._floor,
                fill=GLASS, outline=GLASS_EDGE,
            ),
            "product": canvas.create_rectangle(0, 0, 0, 0, fill=PRODUCT, outline=""),
            "cap": canvas.create_rectangle(0, 0, 0, 0, fill=CAP, outline=""),
            "label": canvas.create_rectangle(0, 0, 0, 0, fill=LABEL, outline=""),
            "stripe": canvas.create_rectangle(0, 0, 0, 0, fill=CAP, outline=""),
        }  # fmt: skip

    def move(self, pixels: float) -> None:
        """Move the belt; nothing is redrawn while it stands."""
        if pixels < 0.05:
            return
        self._offset = (self._offset + pixels) % self._length
        for index, bottle in enumerate(self._bottles):
            x = self._left + (index * SPACING + self._offset) % self._length
            self._place(index, bottle, round(x))

    def _place(self, index: int, bottle: dict[str, int], x: int) -> None:
        canvas, floor = self._canvas, self._floor
        canvas.move(bottle["glass"], x - self._drawn[index], 0)
        self._drawn[index] = x
        share = min(max((x - FILL_FROM) / (FILL_TO - FILL_FROM), 0.0), 1.0)
        height = share * (TALL - 28)
        nothing = (-50, -50, -50, -50)
        canvas.coords(
            bottle["product"],
            *(
                (x - HALF + 2, floor - 1 - height, x + HALF - 1, floor - 1)
                if share
                else nothing
            ),
        )
        top = floor - TALL
        capped, labelled = x >= CAP_AT, x >= LABEL_AT
        canvas.coords(
            bottle["cap"], *((x - 6, top - 5, x + 7, top + 4) if capped else nothing)
        )
        canvas.coords(
            bottle["label"],
            *((x - HALF + 1, floor - 26, x + HALF, floor - 8) if labelled else nothing),
        )
        canvas.coords(
            bottle["stripe"],
            *(
                (x - HALF + 1, floor - 20, x + HALF, floor - 15)
                if labelled
                else nothing
            ),
        )
