"""The palletiser's picture: infeed belt, gantry with gripper, and the growing stack."""

from __future__ import annotations

from .kit import Board

LAYERS = 5
FACE, TOP, SIDE, LINE = "#b98a55", "#d8ae7a", "#96693a", "#6d4a26"
BASE_X, BASE_Y = 500, 470
STEP_X, STEP_Y, CARTON_HEIGHT = 34, 17, 38
PICK_X, PICK_Y = 150, 372
RAIL_Y = 118


class PalletPicture:
    """Cartons in two rows a layer, drawn in a simple oblique view."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._canvas = board.canvas
        self._placed: list[tuple[int, ...]] = []
        self._per_layer = 12
        self._draw_cell()
        self._mast = board.box(
            0, 0, 0, 0, board.theme.machine, board.theme.machine_edge
        )
        self._carriage = board.box(0, 0, 0, 0, board.theme.machine_edge)
        self._gripper = board.box(0, 0, 0, 0, "#e0a100")
        self._carried = self._carton(-200, -200)
        self._waiting = [self._carton(-200, -200) for _ in range(3)]
        self._where = dict.fromkeys((self._carried, *self._waiting), (-200.0, -200.0))
        self._counted = board.text(500, 512, "", size=10, mono=True)

    def _draw_cell(self) -> None:
        board, theme = self._board, self._board.theme
        for x in (60, 740):
            board.box(x, RAIL_Y - 10, x + 14, 500, theme.machine, theme.machine_edge)
        board.box(46, RAIL_Y - 14, 768, RAIL_Y + 2, theme.machine, theme.machine_edge)
        board.box(30, 412, 236, 424, theme.machine_edge)
        for x in range(40, 236, 24):
            board.canvas.create_oval(
                x, 424, x + 10, 434, fill=theme.machine, outline=""
            )
        board.text(84, 450, "Infeed CV-21", size=9, colour=theme.muted)
        # The pallet's boards.
        for shift in range(0, 3):
            board.canvas.create_polygon(
                BASE_X - 96, BASE_Y + 4 + shift * 6,
                BASE_X + 150, BASE_Y + 4 + shift * 6,
                BASE_X + 184, BASE_Y - 13 + shift * 6,
                BASE_X - 62, BASE_Y - 13 + shift * 6,
                fill="#8b6b43" if shift != 1 else "#5b4529", outline=LINE,
            )  # fmt: skip
        board.text(BASE_X - 96, 512, "Pallet PL-2", size=9, colour=theme.muted)

    def _carton(self, x: float, y: float) -> tuple[int, int, int, int]:
        """Items of a carton whose lower left front corner is at x, y."""
        create = self._canvas.create_polygon
        w, h, dx, dy = STEP_X, CARTON_HEIGHT, 17, 9
        return (
            create(x, y, x + w, y, x + w, y - h, x, y - h, fill=FACE, outline=LINE),
            create(
                x, y - h, x + w, y - h, x + w + dx, y - h - dy, x + dx, y - h - dy,
                fill=TOP, outline=LINE,
            ),
            create(
                x + w, y, x + w + dx, y - dy, x + w + dx, y - h - dy, x + w, y - h,
                fill=SIDE, outline=LINE,
            ),
            self._canvas.create_rectangle(
                x + 9, y - h + 10, x + w - 9, y - h + 18, fill="#efe3d0", outline=""
            ),
        )  # fmt: skip

    def _shift(self, carton: tuple[int, int, int, int], x: float, y: float) -> None:
        old_x, old_y = self._where[carton]
        if (round(x), round(y)) == (round(old_x), round(old_y)):
            return
        for item in carton:
            self._canvas.move(item, x - old_x, y - old_y)
        self._where[carton] = (x, y)

    def set_layer(self, cartons: int) -> None:
        self._per_layer = cartons

    def clear(self) -> None:
        for carton in self._placed:
            for item in carton:
                self._canvas.delete(item)
        self._placed.clear()

    def _slot(self) -> tuple[float, float]:
        """Where the next carton goes: back row first, left to right, layer by layer."""
        layer, place = divmod(len(self._placed), self._per_layer)
        columns = self._per_layer // 2
        row, column = divmod(place, columns)
        left = BASE_X - 90 + (1 - row) * 17
        width = STEP_X * columns
        return (
            left + (220 - width) / 2 + column * STEP_X,
            BASE_Y - 2 - (1 - row) * 9 - layer * CARTON_HEIGHT,
        )

    def place(self) -> bool:
        """Leave the carried carton on the stack; true when that completed the pallet."""
        if len(self._placed) >= self._per_layer * LAYERS:
            self.clear()
        self._placed.append(self._carton(*self._slot()))
        for item in (*self._carried, self._mast, self._carriage, self._gripper):
            self._canvas.tag_raise(item)
        return len(self._placed) == self._per_layer * LAYERS

    def move(self, phase: float, *, lifted: bool) -> None:
        """Show the gantry at ``phase`` of its cycle: 0.1 grips, 0.9 lets go at 1.0."""
        slot_x, slot_y = (
            self._slot()
            if len(self._placed) < self._per_layer * LAYERS
            else (BASE_X, BASE_Y - 2)
        )
        travel = min(max((phase - 0.2) / 0.5, 0.0), 1.0)
        x = PICK_X + (slot_x - PICK_X) * travel
        high = RAIL_Y + 120
        if phase < 0.1:
            y = high + (PICK_Y - high) * phase / 0.1
        elif phase < 0.2:
            y = PICK_Y - (PICK_Y - high) * (phase - 0.1) / 0.1
        elif phase < 0.7:
            y = high
        else:
            y = high + (slot_y - CARTON_HEIGHT - high) * (phase - 0.7) / 0.3
        if lifted:
            y = RAIL_Y + 60
        canvas = self._canvas
        canvas.coords(self._mast, x + 12, RAIL_Y - 6, x + 26, y - 14)
        canvas.coords(self._carriage, x - 6, RAIL_Y - 20, x + 44, RAIL_Y + 8)
        canvas.coords(self._gripper, x - 4, y - 16, x + 44, y - 8)
        holding = phase >= 0.1
        self._shift(
            self._carried, *((x, y + CARTON_HEIGHT) if holding else (-200, -200))
        )
        self._board.set(
            self._counted,
            text=f"{len(self._placed)} / {self._per_layer * LAYERS} cartons",
        )
        forward = min(phase / 0.6, 1.0) if phase < 0.6 else 1.0
        for number, carton in enumerate(self._waiting):
            goal = PICK_X - 56 * number
            at = goal - 56 * (1 - forward) if holding else goal
            first = number == 0
            self._shift(
                carton,
                *((-200, -200) if first and holding and forward < 1 else (at, 411)),
            )
