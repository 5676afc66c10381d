"""Palletiser 2: a gantry stacks cartons on a pallet; recipes and the robot's signals."""

from __future__ import annotations

import random
from typing import Any

from .kit import DARK, AlarmList
from .pallet import PalletPicture
from .screen import Screen

RECIPES = (
    ("R-101", "0.5 l  6-pack   Euro pallet", 12),
    ("R-104", "1.0 l  6-pack   Euro pallet", 10),
    ("R-118", "0.33 l tray     CHEP pallet", 14),
)
SIGNALS = (
    ("I 10.0", "Infeed: carton present"),
    ("I 10.1", "Pallet in place"),
    ("I 10.2", "Gripper closed"),
    ("I 10.4", "Vacuum reached"),
    ("I 11.0", "Gantry at home"),
    ("I 11.3", "Safety gate closed"),
    ("Q 20.0", "Infeed conveyor on"),
    ("Q 20.1", "Gripper close"),
    ("Q 20.5", "Stack light green"),
)
EARLIER = (
    (212, "G1", "Safety gate opened in automatic, cell stopped"),
    (207, "G1", "Cell restarted after gate reset"),
    (96, "V1", "Gripper: vacuum not reached, carton picked again"),
    (41, "P0", "Pallet 60 complete, sent to wrapper"),
)
RATE_STEP, RATE_LOW, RATE_HIGH = 1, 4, 20


class PackagingScreen(Screen):
    """The engineering station of the palletiser."""

    theme = DARK
    title = "Palletiser 2"
    place = "Plant North  ·  Hall D  ·  Engineering station"
    zone_name = "Europe/Berlin"

    def draw(self) -> None:
        self._random = random.Random(2)
        self.running = True
        self.rate = 10
        self.recipe = 0
        self.pallets = 61
        self.cartons = 4392
        self._phase = 0.0
        self._vacuum = -0.62
        board = self.board
        board.panel(16, 70, 800, 530, "Cell")
        self.picture = PalletPicture(board)
        self.picture.set_layer(RECIPES[self.recipe][2])
        for _ in range(27):
            self.picture.place()
        self._draw_recipes()
        self._draw_controls()
        self._draw_signals()
        board.panel(16, 542, 800, 774, "Alarms and messages")
        self.alarms = AlarmList(board, 30, 576, 7, self.zone, self.clock, width=750)
        for minutes, key, words in EARLIER:
            self.alarms.remember(key, words, minutes=minutes)
        self.alarms.raise_alarm("W2", "Stretch wrapper: film roll below 15 %")

    def _draw_recipes(self) -> None:
        board, theme = self.board, self.theme
        board.panel(816, 70, 1264, 230, "Recipe")
        self._rows = []
        for row, (code, words, layer) in enumerate(RECIPES):
            area = (830, 100 + 40 * row, 1250, 134 + 40 * row)
            self.journal.buttons[f"recipe_{code}"] = area
            plate = board.box(*area, theme.inset, theme.edge)
            x, y = area[0] + 12, area[1] + 17
            name = board.text(x, y, code, size=10, bold=True, mono=True)
            text = board.text(x + 74, y, words, size=10)
            count = board.text(
                area[2] - 12,
                y,
                f"{layer} / layer",
                size=9,
                anchor="e",
                colour=theme.muted,
            )
            for item in (plate, name, text, count):
                board.canvas.tag_bind(
                    item,
                    "<ButtonRelease-1>",
                    lambda _event, chosen=row: self.choose(chosen),  # type: ignore[misc]
                )
            self._rows.append(plate)

    def _draw_controls(self) -> None:
        board, theme = self.board, self.theme
        board.panel(816, 242, 1264, 474, "Control")
        self._start = self.button(
            "start", (830, 274, 960, 326), "START", on_release=self.start
        )
        self._stop = self.button(
            "stop", (974, 274, 1104, 326), "STOP", on_release=self.stop
        )
        self.button(
            "new_pallet", (1118, 274, 1250, 326), "NEW PALLET", size=9,
            on_release=self.new_pallet,
        )  # fmt: skip
        self.button(
            "slower", (830, 342, 884, 386), "−", size=16, on_release=self.slower
        )
        self._rate = board.text(974, 364, "", size=13, bold=True, anchor="center")
        self.button(
            "faster", (1064, 342, 1118, 386), "+", size=16, on_release=self.faster
        )
        self.button(
            "acknowledge", (1132, 342, 1250, 386), "ACK", size=10,
            on_release=self.acknowledge,
        )  # fmt: skip
        self._jog = self.button(
            "jog", (830, 402, 960, 458), "JOG  ↑", size=13, fill="#a37b12",
            on_press=self.jog_press, on_release=self.jog_release,
        )  # fmt: skip
        board.text(974, 416, "Gantry up, hold to run", size=9, colour=theme.muted)
        self._jogged = board.text(974, 442, "", size=11, bold=True)

    def _draw_signals(self) -> None:
        board, theme = self.board, self.theme
        board.panel(816, 486, 1264, 774, "Signals")
        self._lamps = {}
        for row, (address, words) in enumerate(SIGNALS):
            y = 524 + 27 * row
            self._lamps[address] = board.canvas.create_oval(
                832, y - 6, 844, y + 6, fill=theme.machine, outline=""
            )
            board.text(858, y, address, size=10, mono=True)
            board.text(930, y, words, size=10, colour=theme.muted)
        self._counter = board.text(1250, 524, "", size=10, anchor="e", mono=True)
        self._pallets = board.text(1250, 551, "", size=10, anchor="e", mono=True)
        self._shown_vacuum = board.text(1250, 605, "", size=10, anchor="e", mono=True)

    def start(self) -> None:
        self.running = True
        self.act("start", "Cell started")

    def stop(self) -> None:
        self.running = False
        self.act("stop", "Cell stopped at the end of the move")
        self.alarms.raise_alarm("S1", "Cell stopped by operator")

    def new_pallet(self) -> None:
        self.picture.clear()
        self.pallets += 1
        self.act("new_pallet", "Pallet released, empty pallet in place")

    def acknowledge(self) -> None:
        self.alarms.acknowledge()
        self.act("acknowledge", "Alarms acknowledged")

    def slower(self) -> None:
        self._set_rate(self.rate - RATE_STEP)

    def faster(self) -> None:
        self._set_rate(self.rate + RATE_STEP)

    def _set_rate(self, wanted: int) -> None:
        self.rate = min(max(wanted, RATE_LOW), RATE_HIGH)
        self.act("rate", f"Set rate {self.rate} cartons/min", value=self.rate)

    def choose(self, row: int) -> None:
        self.recipe = row
        code, words, layer = RECIPES[row]
        self.picture.clear()
        self.picture.set_layer(layer)
        self.act("recipe", f"Recipe {code} loaded: {words}", value=code)

    def jog_press(self) -> None:
        self.journal.jog.press()
        self.act("jog_press", "Jog pressed: gantry moves while held")

    def jog_release(self) -> None:
        self.journal.jog.release()
        self.act("jog_release", "Jog released")

    def step(self, seconds: float) -> None:
        if self.running:
            self._phase += seconds * self.rate / 30
            if self._phase >= 1:
                self._phase -= 1
                self._placed()
        self.picture.move(self._phase, lifted=self.journal.jog.down)
        if self.running:
            self.alarms.clear_alarm("S1")
        self._vacuum += (-0.62 + self._random.uniform(-0.02, 0.02) - self._vacuum) * 0.2
        self._show()

    def _placed(self) -> None:
        self.cartons += 1
        if self.picture.place():
            self.pallets += 1
            self.alarms.clear_alarm("P1")
            self.alarms.raise_alarm(
                "P1", f"Pallet {self.pallets} complete, sent to wrapper"
            )

    def _show(self) -> None:
        board, theme = self.board, self.theme
        for row, plate in enumerate(self._rows):
            board.set(plate, fill="#2f5d78" if row == self.recipe else theme.inset)
        board.set(self._rate, text=f"{self.rate} cartons / min")
        jog = self.journal.jog
        now = f"   HELD NOW {jog.current_seconds:.1f} s" if jog.down else ""
        board.set(
            self._jogged,
            text=f"pressed {jog.presses} ×   held {jog.held_seconds:.1f} s{now}",
        )
        carrying = 0.12 < self._phase < 0.62
        lit = {
            "I 10.0": self._phase > 0.62 or self._phase < 0.12,
            "I 10.1": True,
            "I 10.2": carrying,
            "I 10.4": carrying,
            "I 11.0": self._phase < 0.08,
            "I 11.3": True,
            "Q 20.0": self.running and self._phase > 0.5,
            "Q 20.1": carrying,
            "Q 20.5": self.running,
        }
        for address, lamp in self._lamps.items():
            board.set(lamp, fill="#4cc37d" if lit[address] else theme.machine)
        board.set(self._counter, text=f"{self.cartons} ctn")
        board.set(self._pallets, text=f"{self.pallets} plt")
        board.set(self._shown_vacuum, text=f"{self._vacuum:.1f} bar")
        self._start.tint("#2c6e49" if self.running else theme.button)
        self._stop.tint(theme.button if self.running else "#7c2f2a")

    def state_word(self) -> tuple[str, str]:
        if self.journal.jog.down:
            return "JOGGING", self.theme.warn
        if self.running:
            return "AUTOMATIC", "#4cc37d"
        return "STOPPED", self.theme.bad

    def process(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "running": self.running,
            "rate": self.rate,
            "recipe": RECIPES[self.recipe][0],
            "cartons": self.cartons,
            "pallets": self.pallets,
            "alarms": self.alarms.as_list(),
        }
