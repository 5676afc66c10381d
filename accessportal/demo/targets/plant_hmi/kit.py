"""Parts every screen is made of: colours, text, buttons, trend, alarm list."""

from __future__ import annotations

import tkinter
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

WIDTH, HEIGHT = 1280, 800
SANS = "DejaVu Sans"
MONO = "DejaVu Sans Mono"
Anchor = Literal["w", "e", "center"]


@dataclass(frozen=True)
class Theme:
    """Colours of one screen; saturated ones are kept for states and alarms."""

    page: str
    header: str
    header_text: str
    panel: str
    edge: str
    text: str
    muted: str
    machine: str
    machine_edge: str
    inset: str
    grid: str
    accent: str
    button: str
    button_down: str
    good: str = "#2e9e5b"
    warn: str = "#e0a100"
    bad: str = "#d0342c"


LIGHT = Theme(
    page="#cfd6db",
    header="#1d3244",
    header_text="#f3f6f8",
    panel="#e9edf0",
    edge="#b3bdc5",
    text="#1c2a35",
    muted="#5c6b77",
    machine="#aab5bd",
    machine_edge="#7d8a94",
    inset="#f7f9fa",
    grid="#dce2e6",
    accent="#1f7fb8",
    button="#f4f6f7",
    button_down="#b9c6cf",
)

DARK = Theme(
    page="#1b2228",
    header="#0f1519",
    header_text="#e4ebf0",
    panel="#262f37",
    edge="#3a4650",
    text="#e4ebf0",
    muted="#93a3b0",
    machine="#4b5964",
    machine_edge="#6b7a86",
    inset="#1f272e",
    grid="#323d46",
    accent="#4fb3e8",
    button="#36424c",
    button_down="#566673",
)


def plant_zone(name: str) -> tzinfo:
    """The plant's own zone; UTC where the machine has no zone data."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return UTC


def plant_clock(moment: float, zone: tzinfo) -> str:
    """The header's clock for a moment in epoch seconds."""
    return datetime.fromtimestamp(moment, zone).strftime("%d.%m.%Y  %H:%M:%S  %Z")


class Board:
    """A canvas with the few shapes the screens use, in one theme."""

    def __init__(self, root: tkinter.Tk, theme: Theme) -> None:
        self.theme = theme
        self._shown: dict[tuple[int, str], str] = {}
        self.canvas = tkinter.Canvas(
            root,
            width=WIDTH,
            height=HEIGHT,
            background=theme.page,
            highlightthickness=0,
            borderwidth=0,
        )
        self.canvas.pack()

    def box(
        self, x1: float, y1: float, x2: float, y2: float, fill: str, edge: str = ""
    ) -> int:
        return self.canvas.create_rectangle(
            x1, y1, x2, y2, fill=fill, outline=edge, width=1 if edge else 0
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: int = 10,
        bold: bool = False,
        colour: str = "",
        anchor: Anchor = "w",
        mono: bool = False,
    ) -> int:
        return self.canvas.create_text(
            x,
            y,
            text=words,
            anchor=anchor,
            fill=colour or self.theme.text,
            font=(MONO if mono else SANS, size, *(("bold",) if bold else ())),
        )

    def panel(self, x1: int, y1: int, x2: int, y2: int, title: str) -> None:
        self.box(x1, y1, x2, y2, self.theme.panel, self.theme.edge)
        self.text(
            x1 + 14, y1 + 16, title.upper(), size=9, bold=True, colour=self.theme.muted
        )

    def set(self, item: int, **options: str) -> None:
        """Change an item only when something differs: a redraw costs a transfer."""
        for name, value in options.items():
            if self._shown.get((item, name)) != value:
                self._shown[item, name] = value
                self.canvas.itemconfigure(item, **{name: value})  # type: ignore[arg-type]


class Button:
    """A push button: looks pressed while it is, acts on release inside or on both edges."""

    def __init__(
        self,
        board: Board,
        area: tuple[int, int, int, int],
        label: str,
        *,
        on_press: Callable[[], None] | None = None,
        on_release: Callable[[], None] | None = None,
        fill: str = "",
        colour: str = "",
        size: int = 11,
    ) -> None:
        theme = board.theme
        x1, y1, x2, y2 = self.area = area
        self._board = board
        self._fill = fill or theme.button
        self._down = theme.button_down
        self._on_press = on_press
        self._on_release = on_release
        self._plate = board.box(x1, y1, x2, y2, self._fill, theme.machine_edge)
        self._shade = board.box(x1 + 1, y2 - 4, x2, y2, theme.machine_edge)
        self._label = board.text(
            (x1 + x2) / 2,
            (y1 + y2) / 2 - 1,
            label,
            size=size,
            bold=True,
            anchor="center",
            colour=colour,
        )
        for item in (self._plate, self._shade, self._label):
            board.canvas.tag_bind(item, "<ButtonPress-1>", self._press)
            board.canvas.tag_bind(item, "<ButtonRelease-1>", self._release)

    def _press(self, _event: object) -> None:
        self._board.set(self._plate, fill=self._down)
        self._board.set(self._shade, fill=self._down)
        if self._on_press:
            self._on_press()

    def _release(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self._board.set(self._plate, fill=self._fill)
        self._board.set(self._shade, fill=self._board.theme.machine_edge)
        x1, y1, x2, y2 = self.area
        inside = x1 <= event.x <= x2 and y1 <= event.y <= y2
        # What runs while it is held stops wherever it is let go of; a click is one inside.
        if self._on_release and (inside or self._on_press):
            self._on_release()

    def tint(self, fill: str) -> None:
        if fill != self._fill:
            self._fill = fill
            self._board.set(self._plate, fill=fill)


class Trend:
    """A line of the last minutes with its scale."""

    def __init__(
        self,
        board: Board,
        area: tuple[int, int, int, int],
        *,
        low: float,
        high: float,
        colour: str,
        points: int = 120,
    ) -> None:
        self._board = board
        self._area = area
        self._low, self._high = low, high
        self._points: deque[float] = deque(maxlen=points)
        self._capacity = points
        x1, y1, x2, y2 = area
        board.box(x1, y1, x2, y2, board.theme.inset, board.theme.edge)
        for quarter in range(1, 4):
            y = y1 + (y2 - y1) * quarter / 4
            board.canvas.create_line(x1 + 1, y, x2, y, fill=board.theme.grid)
        for sixth in range(1, 6):
            x = x1 + (x2 - x1) * sixth / 6
            board.canvas.create_line(x, y1 + 1, x, y2, fill=board.theme.grid)
        for share in (0.0, 0.5, 1.0):
            board.text(
                x1 - 6,
                y2 - (y2 - y1) * share,
                f"{low + (high - low) * share:g}",
                size=8,
                anchor="e",
                colour=board.theme.muted,
            )
        self._line = board.canvas.create_line(
            x1, y2, x1, y2, fill=colour, width=2, joinstyle="round"
        )

    def add(self, value: float) -> None:
        self._points.append(value)
        x1, y1, x2, y2 = self._area
        step = (x2 - x1) / (self._capacity - 1)
        start = x2 - step * (len(self._points) - 1)
        scale = (y2 - y1) / (self._high - self._low)
        where: list[float] = []
        for index, point in enumerate(self._points):
            clipped = min(max(point, self._low), self._high)
            where += [start + index * step, y2 - (clipped - self._low) * scale]
        if len(self._points) > 1:
            self._board.canvas.coords(self._line, *where)


class AlarmList:
    """The last alarms: coloured while active, marked until acknowledged."""

    def __init__(
        self,
        board: Board,
        x: int,
        y: int,
        rows: int,
        zone: tzinfo,
        clock: Callable[[], float],
        width: int = 300,
    ) -> None:
        self._board = board
        self._clock = clock
        self._zone = zone
        self._entries: deque[dict[str, object]] = deque(maxlen=rows)
        self._rows = [
            (
                board.box(x, y + 26 * row, x + 6, y + 26 * row + 20, board.theme.panel),
                board.text(x + 14, y + 26 * row + 10, "", size=9, mono=True),
                board.text(x + 76, y + 26 * row + 10, "", size=9),
                board.text(x + width, y + 26 * row + 10, "", size=9, anchor="e"),
            )
            for row in range(rows)
        ]

    def raise_alarm(self, key: str, words: str, *, grave: bool = False) -> None:
        if any(entry["key"] == key and entry["active"] for entry in self._entries):
            return
        self._entries.appendleft(
            {
                "key": key,
                "words": words,
                "grave": grave,
                "active": True,
                "acknowledged": False,
                "at": self._clock(),
            }
        )
        self._draw()

    def remember(self, key: str, words: str, *, minutes: int) -> None:
        """Put in an alarm that came, was acknowledged and went before."""
        self._entries.appendleft(
            {
                "key": key,
                "words": words,
                "grave": False,
                "active": False,
                "acknowledged": True,
                "at": self._clock() - 60 * minutes,
            }
        )
        self._draw()

    def clear_alarm(self, key: str) -> None:
        for entry in self._entries:
            if entry["key"] == key and entry["active"]:
                entry["active"] = False
                self._draw()

    def acknowledge(self) -> None:
        for entry in self._entries:
            entry["acknowledged"] = True
        self._draw()

    def as_list(self) -> list[dict[str, object]]:
        return [dict(entry) for entry in self._entries]

    def _draw(self) -> None:
        theme = self._board.theme
        for row, items in enumerate(self._rows):
            bar, clock, words, mark = items
            if row >= len(self._entries):
                continue
            entry = self._entries[row]
            colour = theme.bad if entry["grave"] else theme.warn
            at = datetime.fromtimestamp(float(str(entry["at"])), self._zone)
            shown = theme.text if entry["active"] else theme.muted
            self._board.set(bar, fill=colour if entry["active"] else theme.edge)
            self._board.set(clock, text=at.strftime("%H:%M"), fill=theme.muted)
            self._board.set(words, text=str(entry["words"]), fill=shown)
            self._board.set(
                mark, text="" if entry["acknowledged"] else "new", fill=colour
            )
