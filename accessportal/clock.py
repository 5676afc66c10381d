"""Times as a plant reads them: its own zone, by name, with summer time handled openly."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from accessportal.errors import NotPossible


def plant_time(moment: datetime, zone: str) -> datetime:
    """`moment` (aware) in the plant's zone."""
    return moment.astimezone(ZoneInfo(zone))


def moment_of_wall_time(wall: datetime, zone: str) -> datetime:
    """The UTC moment of a naive wall-clock time that nobody can be asked about (repeats).

    What the clocks skip is read with the offset from before the change (02:30 is 03:30
    then), what they repeat is the first of the two (RFC 5545, 3.3.5).
    """
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def moment_from_plant_time(wall: datetime, zone: str) -> datetime:
    """The UTC moment of a naive wall-clock time at a plant.

    Raises `NotPossible` for a time that does not exist (clocks go forward) or exists
    twice (clocks go back): guessing would move somebody's window by an hour.
    """
    tz = ZoneInfo(zone)
    first = wall.replace(tzinfo=tz, fold=0)
    second = wall.replace(tzinfo=tz, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(tz).replace(tzinfo=None) != wall:
        raise NotPossible(
            _(
                "%(time)s does not exist at the plant on that day: the clocks go forward. "
                "Choose a time before or after the change."
            )
            % {"time": wall.strftime("%H:%M")},
            code="time_does_not_exist",
        )
    raise NotPossible(
        _(
            "%(time)s happens twice at the plant on that day: the clocks go back. "
            "Choose a time before or after the change."
        )
        % {"time": wall.strftime("%H:%M")},
        code="time_exists_twice",
    )
