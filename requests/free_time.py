"""When is there room? Said while somebody chooses: stops that welcome work, the next free time.

Gathers from the plant's calendar what a wish would meet within the next two weeks; what
follows from it is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Q

from accessportal.clock import moment_of_wall_time, plant_time
from accessportal.plants.models import (
    Endpoint,
    MaintenanceStop,
    ProductionFreeze,
    Site,
)
from requests.feasibility import is_out_of_hours, most_at_once
from requests.models import MaintenanceWindow
from requests.wishes import Booking, Freeze, Span, WishFacts

AHEAD = timedelta(days=14)
STEP = timedelta(minutes=5)
IN_THE_WAY = frozenset({"endpoint_taken", "production_freeze"})
"""The findings that another time would do away with."""


@dataclass(frozen=True)
class Machine:
    """How many may be on it at once, and when it is taken."""

    max_clients: int
    bookings: tuple[Booking, ...]


@dataclass(frozen=True)
class Room:
    """`stops`: those that the wish falls into. `next_stop`: one to move it into.

    `free`: the next time, as long as the wish, that meets nothing; None where the wish
    meets nothing itself, or no such time was found.
    """

    stops: tuple[Freeze, ...] = ()
    next_stop: Freeze | None = None
    free: Span | None = None


def room_for(
    facts: WishFacts, site: Site, endpoints: Sequence[Endpoint], *, in_the_way: bool
) -> Room:
    """What the calendar says to a wish whose times are known."""
    start, end = facts.start, facts.end
    if start is None or end is None or end <= start or not endpoints:
        return Room()
    until = max(start, facts.now) + AHEAD
    stops = _stops(site, endpoints, facts.now, until)
    within = tuple(one for one in stops if one.start <= start and end <= one.end)
    later = next(
        (
            one
            for one in stops
            if one not in within
            and one.start > facts.now + facts.limits.notice
            and one.end - one.start >= end - start
        ),
        None,
    )
    return Room(
        within,
        None if within else later,
        next_free(
            facts,
            _machines(endpoints, start, until),
            _freezes(site, endpoints, start, until),
            until,
        )
        if in_the_way
        else None,
    )


def next_free(
    facts: WishFacts,
    machines: Iterable[Machine],
    freezes: Iterable[Span],
    until: datetime,
) -> Span | None:
    """The first time after the wished one, and as long, that meets neither.

    Within staffed hours, where the wish is too. What ends makes room, and so does the
    beginning of a shift: no other moment needs to be tried.
    """
    assert facts.start is not None and facts.end is not None
    machines, freezes = list(machines), list(freezes)
    length = facts.end - facts.start
    staffed = not is_out_of_hours(facts)
    ends = [
        *(one.end for one in freezes),
        *(booking.end for machine in machines for booking in machine.bookings),
    ]
    tried = {_rounded(one) for one in ends if facts.start < one < until}
    if staffed:
        tried |= set(_shift_starts(facts, until))
    for start in sorted(tried):
        span = Span(start, start + length)
        if (
            not any(one.start < span.end and one.end > span.start for one in freezes)
            and all(_has_place(machine, span) for machine in machines)
            and not (
                staffed and is_out_of_hours(replace(facts, start=start, end=span.end))
            )
        ):
            return span
    return None


def _has_place(machine: Machine, span: Span) -> bool:
    taken = [
        one for one in machine.bookings if one.start < span.end and one.end > span.start
    ]
    return most_at_once(taken, span.start, span.end) < machine.max_clients


def _rounded(moment: datetime) -> datetime:
    """Up to five minutes, as people say times."""
    over = timedelta(
        minutes=moment.minute % 5,
        seconds=moment.second,
        microseconds=moment.microsecond,
    )
    return moment + (STEP - over) if over else moment


def _shift_starts(facts: WishFacts, until: datetime) -> Iterable[datetime]:
    assert facts.start is not None
    day = plant_time(facts.start, facts.zone).date()
    while True:
        wall = datetime.combine(day, facts.staffed_from)
        moment = moment_of_wall_time(wall, facts.zone)
        if moment >= until:
            return
        if moment > facts.start:
            yield moment
        day += timedelta(days=1)


def _machines(
    endpoints: Sequence[Endpoint], start: datetime, until: datetime
) -> list[Machine]:
    windows = MaintenanceWindow.objects.overlapping(start, until).filter(
        access_request__endpoints__in=endpoints
    )
    taken: dict[int, list[Booking]] = {}
    for opens_at, closes_at, endpoint in windows.values_list(
        "opens_at", "closes_at", "access_request__endpoints"
    ):
        taken.setdefault(endpoint, []).append(Booking(opens_at, closes_at))
    return [
        Machine(endpoint.max_clients, tuple(taken.get(endpoint.pk, ())))
        for endpoint in endpoints
    ]


def _freezes(
    site: Site, endpoints: Sequence[Endpoint], start: datetime, until: datetime
) -> list[Span]:
    rows = ProductionFreeze.objects.overlapping(start, until).filter(
        Q(asset__isnull=True) | Q(asset__in=[one.asset_id for one in endpoints]),
        site=site,
    )
    return [Span(row.starts_at, row.ends_at) for row in rows]


def _stops(
    site: Site, endpoints: Sequence[Endpoint], start: datetime, until: datetime
) -> list[Freeze]:
    """Stops of the whole site, or of every machine of the wish, by time."""
    assets = {one.asset_id for one in endpoints}
    rows = MaintenanceStop.objects.overlapping(start, until).filter(
        Q(asset__isnull=True) | Q(asset__in=assets), site=site
    )
    return [
        Freeze(
            row.starts_at, row.ends_at, row.reason, row.asset.name if row.asset else ""
        )
        for row in rows.select_related("asset").order_by("starts_at")
        if row.asset_id is None or assets == {row.asset_id}
    ]
