"""Example wishes with what is expected of them: the test table of a policy.

A trial names a day of the week and a time, not a date, so that it stays true for years.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from requests.policy.evaluation import demands_on
from requests.policy.reading import BadRule, trial_facts
from requests.policy.rules import Demands, Machine, Rule, Wish

MONDAY = date(2026, 3, 2)
"""Of a week without a clock change, in which trials take place."""


@dataclass(frozen=True)
class Trial:
    """asks: the `who` of every step that is expected. fits: whether length and hours do.

    people: how many have to agree in all; in_order: one step after the other; None: kept by an
    earlier version, and not looked at.
    """

    name: str
    asset: int
    vendor: int
    permission: str
    weekday: int
    at: time
    minutes: int
    asks: frozenset[str]
    fits: bool
    people: int | None = None
    in_order: bool | None = None
    passkey: bool | None = None
    attendance: bool | None = None


STRICTNESS: dict[str, Callable[[Demands], int | bool]] = {
    "people": lambda demands: sum(step.quorum for step in demands.steps),
    "in_order": lambda demands: len({step.order for step in demands.steps}) > 1,
    "passkey": lambda demands: demands.passkey,
    "attendance": lambda demands: demands.attendance,
}
"""What else a trial may expect, by the name of its part."""


@dataclass(frozen=True)
class Place:
    """Where a machine stands, as far as rules look at it."""

    site: int
    time_zone: str
    machine: Machine


@dataclass(frozen=True)
class Outcome:
    """What came of a trial; `demands` is None where its machine is gone."""

    trial: Trial
    demands: Demands | None
    fits: bool

    @property
    def asks(self) -> frozenset[str]:
        steps = self.demands.steps if self.demands else ()
        return frozenset(step.who for step in steps)

    @property
    def missed(self) -> tuple[str, ...]:
        """The names of `STRICTNESS` in which it came otherwise than was expected."""
        demands = self.demands
        if demands is None:
            return ()
        return tuple(
            name
            for name, found in STRICTNESS.items()
            if getattr(self.trial, name) not in (None, found(demands))
        )

    @property
    def passed(self) -> bool:
        return (
            self.demands is not None
            and self.asks == self.trial.asks
            and self.fits == self.trial.fits
            and not self.missed
        )


def outcome_of(trial: Trial, place: Place | None, rules: Sequence[Rule]) -> Outcome:
    """Try one wish on `rules`."""
    if place is None:
        return Outcome(trial, None, fits=False)
    day = MONDAY + timedelta(days=trial.weekday - 1)
    start = datetime.combine(day, trial.at, ZoneInfo(place.time_zone))
    wish = Wish(
        site=place.site,
        time_zone=place.time_zone,
        machines=(place.machine,),
        vendor=trial.vendor,
        permission=trial.permission,
        start=start,
        end=start + timedelta(minutes=trial.minutes),
    )
    demands = demands_on(wish, rules)
    return Outcome(trial, demands, fits=time_fits(wish, demands))


def time_fits(wish: Wish, demands: Demands) -> bool:
    """Whether the wish is short enough, and within the hours that are demanded."""
    if demands.longest is not None and wish.end - wish.start > demands.longest:
        return False
    return all(
        hours.cover(wish.start, wish.end, wish.time_zone) for hours in demands.hours
    )


def trials_from(data: Any) -> tuple[Trial, ...]:
    """The trials in a JSON list. Raises `BadRule`."""
    if not isinstance(data, list):
        raise BadRule("Trials are a list.")
    return tuple(
        Trial(**{**facts, "asks": frozenset(facts["asks"])})
        for facts in map(trial_facts, data)
    )


def trial_as_json(trial: Trial) -> dict[str, Any]:
    return {
        "name": trial.name,
        "asset": trial.asset,
        "vendor": trial.vendor,
        "permission": trial.permission,
        "weekday": trial.weekday,
        "at": f"{trial.at:%H:%M}",
        "minutes": trial.minutes,
        "asks": sorted(trial.asks),
        "fits": trial.fits,
        "people": trial.people,
        "in_order": trial.in_order,
        "passkey": trial.passkey,
        "attendance": trial.attendance,
    }
