"""What would happen: a policy tried on examples, and on a wish that somebody thinks of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accessportal.accounts.models import User, Vendor
from accessportal.plants.models import Asset, Site
from accessportal.plants.roster import Roster, roster_of
from requests.approvers import people_who_are, stand_ins_of, who_words
from requests.policy.evaluation import demands_on, in_an_emergency
from requests.policy.rules import Demands, Machine, Rule, Step, Wish
from requests.policy.trials import Outcome, Place, Trial, outcome_of, time_fits


def outcomes_of(trials: Sequence[Trial], rules: Sequence[Rule]) -> list[Outcome]:
    """What comes of each example."""
    assets = Asset.objects.filter(pk__in=[trial.asset for trial in trials])
    places = {
        asset.pk: place_of(asset) for asset in assets.select_related("zone__site")
    }
    return [outcome_of(trial, places.get(trial.asset), rules) for trial in trials]


def place_of(asset: Asset) -> Place:
    site = asset.zone.site
    machine = Machine(asset.pk, asset.zone_id, asset.criticality)
    return Place(site.pk, site.time_zone, machine)


@dataclass(frozen=True)
class Candidate:
    """Who could agree at the moment that is meant; `instead_of`: only in that person's place."""

    person: User
    instead_of: User | None
    on_shift: bool


@dataclass(frozen=True)
class AskedStep:
    """One step of an imagined request: in words, and who could agree then, those on shift
    first. `off_shift`: the site has a roster, and nobody of them is on shift then."""

    step: Step
    words: str
    people: tuple[Candidate, ...]
    deputy: str
    deputies: tuple[Candidate, ...]
    off_shift: bool

    @property
    def too_few(self) -> bool:
        return len(self.people) < self.step.quorum


@dataclass(frozen=True)
class WouldHappen:
    """`at`: the moment whose people are named, the beginning of the work."""

    demands: Demands
    steps: tuple[AskedStep, ...]
    fits: bool
    at: datetime


def what_would_happen(
    rules: Iterable[Rule],
    *,
    asset: Asset,
    vendor: Vendor,
    permission: str,
    start: datetime,
    end: datetime,
    emergency: bool = False,
) -> WouldHappen:
    """Who would be asked for this machine, by this vendor, at this time; `emergency`: at once.

    The people are those of the beginning of the work, as far as it is known now who that is.
    """
    place, site = place_of(asset), asset.zone.site
    wish = Wish(
        site=place.site,
        time_zone=place.time_zone,
        machines=(place.machine,),
        vendor=vendor.pk,
        permission=permission,
        start=start,
        end=end,
    )
    demands = demands_on(wish, rules)
    if emergency:
        demands = in_an_emergency(demands)
    roster = roster_of(site, at=start)
    return WouldHappen(
        demands,
        tuple(_asked(step, site, start, roster) for step in demands.steps),
        time_fits(wish, demands),
        start,
    )


def _asked(step: Step, site: Site, at: datetime, roster: Roster | None) -> AskedStep:
    people = _candidates(step.who, site, at, roster)
    return AskedStep(
        step,
        step.name or who_words(step.who),
        people,
        who_words(step.deputy) if step.deputy else "",
        _candidates(step.deputy, site, at, roster) if step.deputy else (),
        off_shift=roster is not None and not any(one.on_shift for one in people),
    )


def _candidates(
    who: str, site: Site, at: datetime, roster: Roster | None
) -> tuple[Candidate, ...]:
    here = roster.people_now if roster else frozenset()
    instead_of = stand_ins_of(who, site, at=at)
    found = [
        Candidate(person, instead_of.get(person.pk), person.pk in here)
        for person in people_who_are(who, site, at=at).order_by("full_name")
    ]
    return tuple(sorted(found, key=lambda one: not one.on_shift))
