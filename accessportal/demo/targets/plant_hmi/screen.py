"""What all screens share: header, input journal, the clock that drives the process."""

from __future__ import annotations

import time
import tkinter
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from .journal import Journal
from .kit import HEIGHT, WIDTH, Board, Button, Theme, plant_clock, plant_zone

FRAME_MILLISECONDS = 140


class Screen(ABC):
    """One operator screen: subclasses draw it once and move it in ``step``."""

    theme: Theme
    title: str
    place: str
    zone_name: str

    def __init__(
        self, root: tkinter.Tk, journal: Journal, *, clock: Callable[[], float]
    ) -> None:
        self.root = root
        self.journal = journal
        self.clock = clock
        self.zone = plant_zone(self.zone_name)
        self.board = Board(root, self.theme)
        self._draw_header()
        self.draw()
        self._message = self.board.text(
            WIDTH - 16, HEIGHT - 16, "", size=9, anchor="e", colour=self.theme.muted
        )
        root.bind_all("<ButtonPress>", self._button_down, add=True)
        root.bind_all("<ButtonRelease>", self._button_up, add=True)
        root.bind_all("<KeyPress>", self._key_down, add=True)
        root.bind_all("<KeyRelease>", self._key_up, add=True)
        self._last = time.monotonic()

    @abstractmethod
    def draw(self) -> None:
        """Draw everything once."""

    @abstractmethod
    def step(self, seconds: float) -> None:
        """Move the process on by so many seconds and show it."""

    @abstractmethod
    def process(self) -> dict[str, Any]:
        """The process values for the state file."""

    @abstractmethod
    def state_word(self) -> tuple[str, str]:
        """The word in the header, and its colour."""

    def typed(self, key: str, character: str) -> None:  # noqa: B027 - most have no field
        """A key went down; screens with an entry field use it."""

    def run(self) -> None:
        self._tick()
        self.root.mainloop()

    def button(
        self,
        name: str,
        area: tuple[int, int, int, int],
        label: str,
        **options: Any,
    ) -> Button:
        """A button whose place is in the state file under ``name``."""
        self.journal.buttons[name] = area
        return Button(self.board, area, label, **options)

    def act(self, name: str, sentence: str, **facts: Any) -> None:
        """Remember an operator's act and show it in the bottom line."""
        self.journal.act(name, **facts)
        self.board.set(self._message, text=sentence)
        self.write_now()

    def write_now(self) -> None:
        # When idle, so that what one click did to several parts is written together.
        self.root.after_idle(self._write)

    def _write(self) -> None:
        self.journal.write(self.process(), now=True)

    def _draw_header(self) -> None:
        theme = self.theme
        self.board.box(0, 0, WIDTH, 54, theme.header)
        self.board.text(
            18, 27, self.title, size=17, bold=True, colour=theme.header_text
        )
        self.board.text(330, 28, self.place, size=10, colour=theme.header_text)
        self._lamp = self.board.canvas.create_oval(
            752, 18, 770, 36, fill=theme.machine, outline=""
        )
        self._state = self.board.text(
            780, 27, "", size=12, bold=True, colour=theme.header_text
        )
        self._clock = self.board.text(
            WIDTH - 16, 27, "", size=10, anchor="e", mono=True, colour=theme.header_text
        )

    def _tick(self) -> None:
        now = time.monotonic()
        # After a stopped process (SIGSTOP, a laptop's sleep) the plant goes on, it does
        # not catch up.
        seconds = min(now - self._last, 1.0)
        self._last = now
        self.step(seconds)
        word, colour = self.state_word()
        self.board.set(self._state, text=word)
        self.board.set(self._lamp, fill=colour)
        self.board.set(self._clock, text=plant_clock(self.clock(), self.zone))
        self.journal.write(self.process())
        self.root.after(FRAME_MILLISECONDS, self._tick)

    def _button_down(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self.journal.button(int(event.num), down=True)
        self.root.focus_force()
        self.write_now()

    def _button_up(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self.journal.button(int(event.num), down=False)
        self.write_now()

    def _key_down(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self.journal.key(event.keycode, event.keysym, down=True)
        self.typed(event.keysym, event.char)
        self.write_now()

    def _key_up(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self.journal.key(event.keycode, event.keysym, down=False)
        self.write_now()
