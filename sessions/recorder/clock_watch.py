"""Notices when this machine's time of day is set.

Positions in a recording never rest on it, but each segment says when it was: from there
on that would be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sessions.recorder.container import SCREEN
from sessions.recorder.segment import SegmentFacts

LEAP_SECONDS = 2.0
"""More than a clock that is corrected gently moves between two looks."""

LATE = timedelta(seconds=6)
"""By so much may a segment's time of day be later than its position: a cut waits."""


def first_picture_at(segments: Iterable[SegmentFacts]) -> datetime | None:
    """When the recording's first picture was, by the time of day as it is set now.

    The first segment says so, until one behind it disagrees by more than a cut may wait.
    """
    found: datetime | None = None
    for facts in sorted(segments, key=lambda facts: facts.number):
        if facts.track != SCREEN:
            continue
        began = datetime.fromisoformat(facts.started_at)
        began -= timedelta(milliseconds=facts.starts_ms)
        if found is None or abs(began - found) > LATE:
            found = began
    return found


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
        while True:
            before = self._monotonic()
            now = self._utc_now().timestamp()
            # Who stood still between the two would take the other clock for set.
            if self._monotonic() - before < LEAP_SECONDS / 4:
                return now - before
