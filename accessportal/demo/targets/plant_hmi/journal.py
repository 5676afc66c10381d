"""What a screen knows about itself and its input, as a JSON file others can read.

The file is the proof for whoever drives the screen from far away: which button was
pressed how often, for how long it was held, and which keys are down right now.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

KEPT_HOLDS = 100
KEPT_ACTS = 100
REGULAR_SECONDS = 0.5


class Hold:
    """A hold-to-run button: how often it was pressed, how long it was held."""

    def __init__(self) -> None:
        self.presses = 0
        self._pressed_at: float | None = None
        self._finished_seconds = 0.0
        self._holds: list[dict[str, float | None]] = []

    def press(self) -> None:
        if self._pressed_at is not None:
            return
        self._pressed_at = time.time()
        self.presses += 1
        self._holds.append(
            {"pressed_at": self._pressed_at, "released_at": None, "seconds": 0.0}
        )
        del self._holds[:-KEPT_HOLDS]

    def release(self) -> None:
        if self._pressed_at is None:
            return
        now = time.time()
        self._holds[-1]["released_at"] = now
        self._holds[-1]["seconds"] = round(now - self._pressed_at, 3)
        self._finished_seconds += now - self._pressed_at
        self._pressed_at = None

    @property
    def down(self) -> bool:
        return self._pressed_at is not None

    @property
    def current_seconds(self) -> float:
        """Seconds of the hold under way, 0 when the button is up."""
        return 0.0 if self._pressed_at is None else time.time() - self._pressed_at

    @property
    def held_seconds(self) -> float:
        """Seconds held in all, the hold under way included."""
        return self._finished_seconds + self.current_seconds

    def as_dict(self) -> dict[str, Any]:
        return {
            "down": self.down,
            "presses": self.presses,
            "held_seconds": round(self.held_seconds, 3),
            "holds": self._holds,
        }


class Journal:
    """Counts raw input, remembers operator acts and writes the state file."""

    def __init__(self, screen: str, path: Path) -> None:
        self.screen = screen
        self.path = path
        self.jog = Hold()
        self.buttons: dict[str, tuple[int, int, int, int]] = {}
        self.acts: list[dict[str, Any]] = []
        self._counts = {"button_presses": 0, "key_presses": 0}
        self._buttons_down: set[int] = set()
        self._keys_down: dict[int, str] = {}
        self._written_at = 0.0

    def button(self, number: int, *, down: bool) -> None:
        if down:
            self._counts["button_presses"] += 1
            self._buttons_down.add(number)
        else:
            self._buttons_down.discard(number)

    def key(self, code: int, name: str, *, down: bool) -> None:
        """Keys are matched by key code: the name changes when Shift goes up first."""
        if down:
            self._counts["key_presses"] += 1
            self._keys_down[code] = name
        else:
            self._keys_down.pop(code, None)

    def act(self, name: str, **facts: Any) -> None:
        self.acts.append({"at": time.time(), "act": name, **facts})
        del self.acts[:-KEPT_ACTS]

    def write(self, process: dict[str, Any], *, now: bool = False) -> None:
        """Write the file at once, or when the regular interval has passed."""
        if not now and time.monotonic() - self._written_at < REGULAR_SECONDS:
            return
        self._written_at = time.monotonic()
        state = {
            "screen": self.screen,
            "written_at": time.time(),
            **process,
            "jog": self.jog.as_dict(),
            "buttons": self.buttons,
            "acts": self.acts,
            "input": {
                **self._counts,
                "buttons_down": sorted(self._buttons_down),
                "keys_down": sorted(self._keys_down.values()),
            },
        }
        # A reader must never see half a file.
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text(json.dumps(state), encoding="utf-8")
        os.replace(unfinished, self.path)
