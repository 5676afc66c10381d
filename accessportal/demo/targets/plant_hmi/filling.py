"""Filling line 3: tank, filler, conveyor, capper, labeller, with a jog button that counts."""

from __future__ import annotations

import math
import random
from typing import Any

from .bottles import PRODUCT, BottleRow
from .kit import LIGHT, AlarmList, Trend
from .screen import Screen

SPEED_STEP, SPEED_LOW, SPEED_HIGH = 600, 6000, 24000
LOT_LENGTH = 14
# Belt pixels per second at one bottle an hour: slow enough to follow at seven pictures
# a second.
BELT_SCALE = 0.0042
JOG_BELT = 22.0
TANK_TOP, TANK_FLOOR = 158, 314
EARLIER = (
    (164, "F2", "Fill head 2: weight below limit, 3 bottles rejected"),
    (121, "S1", "Line stopped by operator"),
    (74, "L1", "T-301 level low: refill started"),
    (38, "B1", "Labeller: label web low, roll changed"),
    (12, "C7", "Capper head 7: torque high"),
)


class FillingScreen(Screen):
    """The overview picture an operator has open all shift."""

    theme = LIGHT
    title = "Filling line 3"
    place = "Plant North  ·  Hall B  ·  Filler FM-3"
    zone_name = "Europe/Berlin"

    def draw(self) -> None:
        self._random = random.Random(3)
        self.running = True
        self.setpoint = 12000
        self.speed = 11400.0
        self.good = 48213.0
        self.rejects = 37
        self.level = 71.0
        self.temperature = 4.2
        self.refilling = False
        self.lot = "L3-2611-0487"
        self._editing = False
        self._seconds = 0.0
        self._next_reject = 95.0
        self._trended_at = 0.0
        self._draw_mimic()
        self._draw_figures()
        self._draw_controls()
        self._draw_bottom()
        for minutes, key, words in EARLIER:
            self.alarms.remember(key, words, minutes=minutes)
        self.alarms.raise_alarm("T1", "CIP due in 3 h 40 min")
        for number in range(120):
            self.trend.add(11800 + 260 * math.sin(number / 9) + 90 * math.sin(number))

    def _draw_mimic(self) -> None:
        board, theme = self.board, self.theme
        board.panel(16, 70, 904, 470, "Line overview")
        self._draw_tank()
        # Product pipe from the tank to the filler.
        for area in (
            (196, 268, 312, 280),
            (300, 210, 312, 280),
            (300, 198, 440, 210),
        ):
            board.box(*area, theme.machine)
        self._valve = board.canvas.create_polygon(
            238, 262, 238, 286, 252, 274, 266, 262, 266, 286, fill=theme.good
        )
        board.text(252, 298, "V-302", size=8, anchor="center", colour=theme.muted)
        self._draw_filler()
        self._draw_station(588, 172, "CAPPER", "CP-3")
        self._draw_station(738, 172, "LABELLER", "LB-3")
        self._torque = board.text(646, 236, "", size=10, anchor="center", mono=True)
        self._labels = board.text(796, 236, "", size=10, anchor="center", mono=True)
        board.box(30, 440, 890, 452, "#5e6a73")
        for x in range(40, 890, 22):
            board.canvas.create_line(x, 441, x, 451, fill="#8d99a2", width=2)
        for x in range(70, 890, 130):
            board.box(x, 452, x + 8, 469, theme.machine)
        self.bottles = BottleRow(board, left=34, right=886, floor=440)

    def _draw_tank(self) -> None:
        board, theme = self.board, self.theme
        board.text(56, 112, "Product tank T-301", size=10, bold=True)
        board.canvas.create_arc(
            56, 124, 196, 176, start=0, extent=180, fill=theme.machine, outline=""
        )
        board.box(56, 150, 196, 318, theme.machine)
        board.canvas.create_polygon(
            56, 318, 196, 318, 140, 338, 112, 338, fill=theme.machine
        )
        board.box(66, TANK_TOP, 186, TANK_FLOOR, theme.inset)
        self._liquid = board.box(66, 200, 186, TANK_FLOOR, PRODUCT)
        self._surface = board.box(66, 200, 186, 203, "#f0c67a")
        for percent in (25, 50, 75):
            y = TANK_FLOOR - (TANK_FLOOR - TANK_TOP) * percent / 100
            board.canvas.create_line(186, y, 196, y, fill=theme.text)
            board.text(202, y, f"{percent}", size=7, colour=theme.muted)
        self._level = board.text(126, 296, "", size=14, bold=True, anchor="center")
        self._temperature = board.text(126, 356, "", size=9, mono=True, anchor="center")

    def _draw_filler(self) -> None:
        board, theme = self.board, self.theme
        board.text(370, 112, "Filler FM-3", size=10, bold=True)
        board.box(316, 124, 548, 150, theme.machine, theme.machine_edge)
        board.box(340, 150, 524, 270, theme.machine, theme.machine_edge)
        self._pressure = board.text(432, 184, "", size=11, anchor="center", mono=True)
        self._valves = board.text(432, 222, "", size=9, anchor="center", mono=True)
        board.box(328, 270, 536, 284, theme.machine_edge)
        self._nozzles = []
        for x in range(346, 520, 32):
            board.box(x, 284, x + 12, 346, theme.machine, theme.machine_edge)
            self._nozzles.append(board.box(x + 4, 346, x + 8, 362, theme.muted))

    def _draw_station(self, x: int, y: int, name: str, code: str) -> None:
        board, theme = self.board, self.theme
        board.box(x, y, x + 116, y + 90, theme.machine, theme.machine_edge)
        board.text(x + 58, y + 22, name, size=9, bold=True, anchor="center")
        board.text(x + 58, y + 42, code, size=9, anchor="center", colour=theme.muted)
        board.box(x + 48, y + 90, x + 68, y + 178, theme.machine, theme.machine_edge)
        board.box(x + 36, y + 178, x + 80, y + 188, theme.machine_edge)

    def _draw_figures(self) -> None:
        board, theme = self.board, self.theme
        board.panel(920, 70, 1264, 302, "Production")
        self._speed = board.text(936, 132, "", size=30, bold=True)
        board.text(1130, 140, "bottles / h", size=10, colour=theme.muted)
        board.canvas.create_line(936, 166, 1248, 166, fill=theme.edge)
        self._values = {}
        for row, name in enumerate(("Good", "Rejects", "OEE", "Order complete")):
            y = 190 + 28 * row
            board.text(936, y, name, size=10, colour=theme.muted)
            self._values[name] = board.text(
                1248, y, "", size=11, bold=True, anchor="e", mono=True
            )

    def _draw_controls(self) -> None:
        board, theme = self.board, self.theme
        board.panel(920, 314, 1264, 470, "Line control")
        self._start = self.button(
            "start", (936, 346, 1036, 396), "START", on_release=self.start
        )
        self._stop = self.button(
            "stop", (1046, 346, 1146, 396), "STOP", on_release=self.stop
        )
        self.button(
            "acknowledge", (1156, 346, 1248, 396), "ACK", on_release=self.acknowledge
        )
        board.text(936, 432, "Set speed", size=10, colour=theme.muted)
        self.button(
            "slower", (1026, 410, 1072, 454), "−", size=16, on_release=self.slower
        )
        self._shown_setpoint = board.text(
            1137, 432, "", size=14, bold=True, anchor="center", mono=True
        )
        self.button(
            "faster", (1202, 410, 1248, 454), "+", size=16, on_release=self.faster
        )

    def _draw_bottom(self) -> None:
        board, theme = self.board, self.theme
        board.panel(16, 482, 476, 774, "Speed, last 2 min (bottles / h)")
        self.trend = Trend(
            board, (70, 514, 462, 760), low=0, high=24000, colour=theme.accent
        )
        board.panel(488, 482, 904, 774, "Alarms and messages")
        self.alarms = AlarmList(board, 502, 516, 9, self.zone, self.clock, width=388)
        board.panel(920, 482, 1264, 774, "Set-up mode")
        self._jog = self.button(
            "jog",
            (936, 514, 1096, 604),
            "JOG  ▶",
            size=14,
            fill="#f2c230",
            colour="#1c2a35",
            on_press=self.jog_press,
            on_release=self.jog_release,
        )
        board.text(1108, 526, "Conveyor, hold to run", size=8, colour=theme.muted)
        self._presses = board.text(1108, 552, "", size=11, bold=True)
        self._held = board.text(1108, 576, "", size=11, bold=True)
        self._holding = board.text(1108, 598, "", size=9, bold=True, colour=theme.bad)
        board.text(
            936, 634, "Lot number (click, type, Enter)", size=9, colour=theme.muted
        )
        area = (936, 648, 1248, 686)
        self.journal.buttons["lot"] = area
        self._field = board.box(*area, theme.inset, theme.machine_edge)
        self._lot = board.text(950, 667, "", size=13, mono=True)
        for item in (self._field, self._lot):
            board.canvas.tag_bind(item, "<ButtonRelease-1>", self._edit)
        board.text(936, 712, "PLC  S7-1516   cycle  8 ms", size=9, mono=True)
        board.text(936, 734, "Guards closed   E-stop ok", size=9, mono=True)
        board.text(936, 756, "Air 6.1 bar     HMI v4.2", size=9, mono=True)

    def start(self) -> None:
        self.running = True
        self.act("start", "Line started")

    def stop(self) -> None:
        self.running = False
        self.act("stop", "Line stopped by operator")
        self.alarms.raise_alarm("S1", "Line stopped by operator")

    def acknowledge(self) -> None:
        self.alarms.acknowledge()
        self.act("acknowledge", "Alarms acknowledged")

    def slower(self) -> None:
        self._set_speed(self.setpoint - SPEED_STEP)

    def faster(self) -> None:
        self._set_speed(self.setpoint + SPEED_STEP)

    def _set_speed(self, wanted: int) -> None:
        self.setpoint = min(max(wanted, SPEED_LOW), SPEED_HIGH)
        self.act("speed", f"Set speed {self.setpoint} bottles/h", value=self.setpoint)

    def jog_press(self) -> None:
        self.journal.jog.press()
        self.act("jog_press", "Jog pressed: conveyor runs while held")

    def jog_release(self) -> None:
        self.journal.jog.release()
        self.act("jog_release", "Jog released")

    def _edit(self, _event: object) -> None:
        self._editing = True
        self.board.canvas.itemconfigure(self._field, outline=self.theme.accent, width=2)
        self.act("lot_edit", "Type the lot number, Enter to confirm")

    def typed(self, key: str, character: str) -> None:
        if not self._editing:
            return
        if key in ("Return", "KP_Enter", "Escape"):
            self._editing = False
            self.board.canvas.itemconfigure(
                self._field, outline=self.theme.machine_edge, width=1
            )
            self.act("lot", f"Lot number {self.lot}", value=self.lot)
        elif key == "BackSpace":
            self.lot = self.lot[:-1]
        elif character.isprintable() and character and len(self.lot) < LOT_LENGTH:
            self.lot += character

    def step(self, seconds: float) -> None:
        self._seconds += seconds
        self._move_process(seconds)
        belt = self.speed * BELT_SCALE
        if self.journal.jog.down:
            belt = max(belt, JOG_BELT)
        self.bottles.move(belt * seconds)
        self._show(belt)

    def _move_process(self, seconds: float) -> None:
        target = self.setpoint * 0.985 if self.running else 0.0
        self.speed += (target - self.speed) * min(1.0, seconds / 2.5)
        if self.running:
            self.speed += self._random.uniform(-60, 60)
        elif self.speed < 40:
            self.speed = 0.0
        self.good += self.speed / 3600 * seconds
        self.level -= self.speed / 12000 * 0.22 * seconds
        if self.refilling:
            self.level += 1.1 * seconds
        if self.level < 38:
            self.refilling = True
            self.alarms.raise_alarm("L1", "T-301 level low: refill started")
        elif self.level > 84 and self.refilling:
            self.refilling = False
            self.alarms.clear_alarm("L1")
        self.temperature = 4.2 + 0.3 * math.sin(self._seconds / 40)
        if self.running:
            self.alarms.clear_alarm("S1")
            self._next_reject -= seconds
        if self._next_reject < 0:
            self._next_reject = self._random.uniform(70, 160)
            self.rejects += 1
            self.alarms.raise_alarm("C3", "Capper: bottle rejected, cap tilted")
        elif self._next_reject < 50:
            self.alarms.clear_alarm("C3")

    def _show(self, belt: float) -> None:
        board, theme = self.board, self.theme
        top = TANK_FLOOR - (TANK_FLOOR - TANK_TOP) * self.level / 100
        board.canvas.coords(self._liquid, 66, top, 186, TANK_FLOOR)
        board.canvas.coords(self._surface, 66, top, 186, top + 3)
        board.set(self._level, text=f"{self.level:.0f} %")
        board.set(self._temperature, text=f"{self.temperature:4.1f} °C   1.8 bar")
        flowing = self.speed > 500
        board.canvas.itemconfigure(
            self._valve, fill=theme.good if flowing else theme.machine_edge
        )
        board.set(self._pressure, text=f"{2.1 + self.speed / 120000:.2f} bar")
        board.set(self._valves, text="6 valves open" if flowing else "valves closed")
        for nozzle in self._nozzles:
            board.set(nozzle, fill=PRODUCT if flowing else theme.muted)
        board.set(
            self._torque, text=f"{1.62 + 0.05 * math.sin(self._seconds / 7):.2f} Nm"
        )
        board.set(self._labels, text=f"{int(self.good) % 10000:04d} left")
        board.set(self._speed, text=f"{self.speed:,.0f}".replace(",", " "))
        produced = int(self.good)
        board.set(self._values["Good"], text=f"{produced:,}".replace(",", " "))
        board.set(self._values["Rejects"], text=f"{self.rejects}")
        oee = 100 * self.speed / SPEED_HIGH * 0.4 + 60 * (self.speed > 500) + 4
        board.set(self._values["OEE"], text=f"{min(oee, 94.0):.1f} %")
        board.set(self._values["Order complete"], text=f"{produced / 720:.1f} %")
        board.set(self._shown_setpoint, text=f"{self.setpoint:,}".replace(",", " "))
        self._start.tint("#bfe3cc" if self.running else theme.button)
        self._stop.tint(theme.button if self.running else "#f0c3bf")
        jog = self.journal.jog
        board.set(self._presses, text=f"pressed {jog.presses} ×")
        board.set(self._held, text=f"held {jog.held_seconds:.1f} s")
        board.set(
            self._holding,
            text=f"HELD NOW {jog.current_seconds:.1f} s" if jog.down else "",
        )
        cursor = "▏" if self._editing and int(self._seconds * 2) % 2 else ""
        board.set(self._lot, text=self.lot + cursor)
        if self._seconds - self._trended_at >= 1:
            self._trended_at = self._seconds
            self.trend.add(self.speed)

    def state_word(self) -> tuple[str, str]:
        if self.journal.jog.down:
            return "JOGGING", self.theme.warn
        if self.running:
            return "RUNNING", "#4cc37d"
        return "STOPPED", self.theme.bad

    def process(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "running": self.running,
            "speed_setpoint": self.setpoint,
            "speed_actual": round(self.speed),
            "good": int(self.good),
            "rejects": self.rejects,
            "tank_level_percent": round(self.level, 1),
            "lot": self.lot,
            "alarms": self.alarms.as_list(),
        }
