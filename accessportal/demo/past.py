"""Telling the demo's past with the product's own verbs.

Every step of a story runs as it would have on its day, so that the past keeps every rule
of the present: four eyes, fresh factors, one machine for one visitor, an audit trail in
the order of events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from zoneinfo import ZoneInfo

from django.utils import timezone

from accessportal.origin import Origin

# Where the cast sits: addresses reserved for documentation (RFC 5737).
ADDRESSES = {
    "vera": "203.0.113.24",
    "victor": "203.0.113.61",
    "carla": "203.0.113.25",
    "olga": "192.0.2.110",
    "omar": "198.51.100.110",
    "cora": "192.0.2.133",
    "ivan": "192.0.2.151",
    "adam": "192.0.2.141",
    "hanna": "192.0.2.112",
}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"


@dataclass(order=True)
class Step:
    """Something that somebody did at a moment."""

    at: datetime
    do: Callable[[], object] = field(compare=False)


def tell(steps: list[Step]) -> None:
    """Do every step at its moment, in the order of the moments."""
    for step in sorted(steps):
        with as_of(step.at):
            step.do()


@contextmanager
def as_of(moment: datetime) -> Iterator[None]:
    """Have `timezone.now()` say `moment`, in this process, for as long as this lasts.

    Only for the demo, and only before the portal answers: nothing else runs then.
    """
    present = timezone.now
    timezone.now = lambda: moment
    try:
        yield
    finally:
        timezone.now = present


def origin_of(person: str) -> Origin:
    """The origin of an act of a person who has just used the second factor."""
    return Origin(
        address=ADDRESSES[person],
        factor="totp",
        # Verbs compare it with the process's clock, which `as_of` leaves alone.
        factor_at=time.time(),
        user_agent=BROWSER,
    )


def workday(days_from_today: int, zone: str) -> date:
    """The plant's day so many days from today.

    A weekend gives way: to the Friday before it in the past, to the Monday after it ahead.
    """
    day = datetime.now(UTC).astimezone(ZoneInfo(zone)).date() + timedelta(
        days_from_today
    )
    if day.isoweekday() <= 5:
        return day
    back_to_friday = day - timedelta(days=day.isoweekday() - 5)
    return back_to_friday if days_from_today < 0 else back_to_friday + timedelta(days=3)


def moment(day: date, hour: int, minute: int, zone: str) -> datetime:
    """A wall-clock time of working hours at a plant, which every day has exactly once."""
    local = datetime.combine(day, wall_time(hour, minute), ZoneInfo(zone))
    return local.astimezone(UTC)
