"""Notices when this machine's time of day is set: a fact to be stated, no failure.

Positions in a recording never rest on it, only the UTC times beside them do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

LEAP_SECONDS = 2.0
"""More than a clock that is corrected gently moves between two looks."""


class ClockWatch:
    """`monotonic` in seconds; `utc_now` is what is watched."""

    def __init__(
        self, monotonic: Callable[[], float], utc_now: Callable[[], datetime]
    ) -> None:
        self._monotonic = monotonic
        self._utc_now = utc_now
        self._offset = self._measure()

    def leap(self) -> float:
        """Seconds by which the time of day was set since the last look; 0 when it was not."""
        offset = self._measure()
        leap, self._offset = offset - self._offset, offset
        return leap if abs(leap) > LEAP_SECONDS else 0.0

    def _measure(self) -> float:
        return self._utc_now().timestamp() - self._monotonic()
