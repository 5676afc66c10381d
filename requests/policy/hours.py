"""Weekly hours on the plant's clock: whether a wish lies in them, or touches them.

A night belongs to the day on which it began; `start` equal to `until` is the whole day.
Right across clock changes: the hours are wall time, the comparison is made in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = "1234567"
MIDNIGHT = time(0, 0)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Hours:
    """`weekdays`: digits of ISO 8601, Monday is 1."""

    weekdays: str = EVERY_DAY
    start: time = MIDNIGHT
    until: time = MIDNIGHT

    @property
    def always(self) -> bool:
        return set(self.weekdays) == set(EVERY_DAY) and self.start == self.until

    def touch(self, start: datetime, end: datetime, zone: str) -> bool:
        """Whether any part of the time from `start` to `end` lies in these hours."""
        return any(
            opened < end and closed > start
            for opened, closed in self._around(start, end, zone)
        )

    def cover(self, start: datetime, end: datetime, zone: str) -> bool:
        """Whether all of it does; hours that follow one another without a gap are one."""
        reached = start
        for opened, closed in self._around(start, end, zone):
            if opened <= reached < closed:
                reached = closed
        return reached >= end

    def _around(
        self, start: datetime, end: datetime, zone: str
    ) -> Iterator[tuple[datetime, datetime]]:
        """The hours, in UTC and in order, of every day that can concern the time."""
        tz = ZoneInfo(zone)
        day = start.astimezone(tz).date() - DAY
        last = end.astimezone(tz).date()
        while day <= last:
            if str(day.isoweekday()) in self.weekdays:
                yield self._of(day, tz)
            day += DAY

    def _of(self, day: date, tz: ZoneInfo) -> tuple[datetime, datetime]:
        opened = datetime.combine(day, self.start, tz).astimezone(UTC)
        last = day if self.until > self.start else day + DAY
        closed = datetime.combine(last, self.until, tz)
        # An hour that the clock shows twice is inside as a whole; a time that it skips is the
        # same moment for what ends then as for what begins.
        either = (closed.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        return opened, max(either)
