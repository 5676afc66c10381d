"""Who is on shift at a site now, and who comes next.

Shifts are wall time of the plant: what the clocks skip begins or ends later, what they show
twice is the first of the two, so that a shift that follows another follows it on those days,
too: nobody is missing for an hour, and nobody is on twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from accessportal.accounts.authorisation import people_at
from accessportal.accounts.models import User
from accessportal.clock import moment_of_wall_time, plant_time
from accessportal.plants.models import Shift, ShiftException, Site

AHEAD = timedelta(days=14)
"""So far ahead a roster is looked at for who comes next."""

DAY = timedelta(days=1)


@dataclass(frozen=True)
class ShiftTime:
    """A shift on one day, with those who are on it; `start` and `end` in UTC."""

    shift: Shift
    day: date
    start: datetime
    end: datetime
    people: tuple[User, ...]
    excepted: bool = False


@dataclass(frozen=True)
class Roster:
    """A site's shifts that are not over at the moment `at`, in order, `AHEAD` from it."""

    at: datetime
    times: tuple[ShiftTime, ...]

    @property
    def now(self) -> list[ShiftTime]:
        return [one for one in self.times if one.start <= self.at]

    @property
    def next(self) -> list[ShiftTime]:
        """Those that begin next, together."""
        later = [one for one in self.times if one.start > self.at]
        return [one for one in later if one.start == later[0].start]

    @property
    def people_now(self) -> frozenset[int]:
        return frozenset(person.pk for one in self.now for person in one.people)

    @property
    def now_until(self) -> datetime | None:
        """When the last of those who are on shift now go."""
        return max((one.end for one in self.now), default=None)

    def next_with(self, people: Iterable[int]) -> datetime | None:
        """When the first of these people comes; None: not within `AHEAD`."""
        wanted = set(people)
        return next(
            (
                one.start
                for one in self.times
                if one.start > self.at and wanted & {person.pk for person in one.people}
            ),
            None,
        )


def roster_of(site: Site, *, at: datetime | None = None) -> Roster | None:
    """The roster as it is at a moment (default: now); None for a site without one."""
    at = at or timezone.now()
    today = plant_time(at, site.time_zone).date()
    those_there = Prefetch("people", User.objects.active(at=at).order_by("full_name"))
    shifts = site.shifts.prefetch_related(
        those_there,
        Prefetch(
            "exceptions",
            ShiftException.objects.filter(date__gte=today - DAY).prefetch_related(
                those_there
            ),
        ),
    )
    if not shifts:
        return None
    days = [today + DAY * number for number in range(-1, AHEAD.days + 1)]
    times = [
        found
        for shift in shifts
        for day in days
        if (found := _on(shift, day, site.time_zone)) is not None and found.end > at
    ]
    return Roster(at, tuple(sorted(times, key=lambda one: (one.start, one.end))))


def _on(shift: Shift, day: date, zone: str) -> ShiftTime | None:
    """The shift that begins on this day; None where there is none."""
    exception = next((one for one in shift.exceptions.all() if one.date == day), None)
    if exception is None and str(day.isoweekday()) not in shift.weekdays:
        return None
    people = tuple((exception or shift).people.all())
    if exception is not None and not people:
        return None
    last = day if shift.ends > shift.begins else day + DAY
    start = moment_of_wall_time(datetime.combine(day, shift.begins), zone)
    end = moment_of_wall_time(datetime.combine(last, shift.ends), zone)
    if end <= start:  # all of it lies in the hour that the clocks skip
        return None
    return ShiftTime(shift, day, start, end, people, excepted=exception is not None)


def people_for_roster(site: Site) -> QuerySet[User]:
    """Who can be put on its shifts: those of the site, and who is on one of them already."""
    of_site = people_at(site).order_by().values("pk")
    there = User.objects.active().filter(shifts__site=site).values("pk")
    people: QuerySet[User] = User.objects.filter(Q(pk__in=of_site) | Q(pk__in=there))
    return people.order_by("full_name")
