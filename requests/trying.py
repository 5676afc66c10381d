"""What would happen: a policy tried on examples, and on a wish that somebody thinks of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accessportal.accounts.models import User, Vendor
from accessportal.plants.models import Asset, Site
from requests.approvers import people_who_are, who_words
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
class AskedStep:
    """One step of an imagined request: in words, and who could agree at this moment."""

    step: Step
    words: str
    people: tuple[User, ...]
    deputy: str

    @property
    def too_few(self) -> bool:
        return len(self.people) < self.step.quorum


@dataclass(frozen=True)
class WouldHappen:
    demands: Demands
    steps: tuple[AskedStep, ...]
    fits: bool


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
    """Who would be asked for this machine, by this vendor, at this time; `emergency`: at once."""
    place = place_of(asset)
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
    return WouldHappen(
        demands,
        tuple(_asked(step, asset.zone.site) for step in demands.steps),
        time_fits(wish, demands),
    )


def _asked(step: Step, site: Site) -> AskedStep:
    return AskedStep(
        step,
        step.name or who_words(step.who),
        tuple(people_who_are(step.who, site)),
        who_words(step.deputy) if step.deputy else "",
    )
