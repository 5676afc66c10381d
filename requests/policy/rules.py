"""What a policy is made of: rules of *when* and *then*, and what they come to together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from requests.policy.hours import Hours

OT_SUPERVISOR = "role:ot_supervisor"
IT_SECURITY = "role:it_security"
GROUP = "group:"
ROLES = (OT_SUPERVISOR, IT_SECURITY)

QUORUM_AT_MOST = 5
ORDER_AT_MOST = 5


class Recurring(StrEnum):
    """What a rule says of recurring work: nothing, that it is approved with its series, or
    that each time needs a decision, whatever other rules say."""

    SILENT = ""
    ALLOWED = "allowed"
    NEVER = "never"


@dataclass(frozen=True)
class Step:
    """`quorum` different people of `who` have to agree; steps of one `order` in parallel.

    who: `role:ot_supervisor`, `role:it_security` or `group:<id>`. deputy: who may fill a
    place too, `after_minutes` of waiting; empty for nobody. emergency: these alone let
    somebody in when the line is down, and everybody else looks later.
    """

    who: str
    quorum: int = 1
    order: int = 1
    name: str = ""
    deputy: str = ""
    after_minutes: int = 0
    emergency: bool = False


DEFAULT_STEP = Step(OT_SUPERVISOR)
"""Whatever the rules say, somebody who runs the plant agrees."""


@dataclass(frozen=True)
class When:
    """Empty means any. Ids of sites, zones, assets and vendors; values of the others.

    An asset, its zone and its criticality have to match together, on one machine.
    """

    sites: frozenset[int] = frozenset()
    zones: frozenset[int] = frozenset()
    assets: frozenset[int] = frozenset()
    criticalities: frozenset[str] = frozenset()
    vendors: frozenset[int] = frozenset()
    permissions: frozenset[str] = frozenset()
    hours: Hours = Hours()


@dataclass(frozen=True)
class Then:
    """What a matching rule demands. `hours`: the whole of the work lies in them.

    unusual: a sentence that approvers read. attendance: somebody of the plant attends.
    passkey: only a passkey counts as the second factor of those who agree.
    """

    steps: tuple[Step, ...] = ()
    longest: timedelta | None = None
    notice: timedelta | None = None
    hours: Hours | None = None
    unusual: str = ""
    attendance: bool = False
    passkey: bool = False
    recurring: Recurring = Recurring.SILENT
    confirm_each_use: bool = False


@dataclass(frozen=True)
class Rule:
    name: str
    when: When = When()
    then: Then = Then()


@dataclass(frozen=True)
class Machine:
    asset: int
    zone: int
    criticality: str


@dataclass(frozen=True)
class Wish:
    """What the rules look at. `start` and `end` are aware; `time_zone` is the site's."""

    site: int
    time_zone: str
    machines: tuple[Machine, ...]
    vendor: int
    permission: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Demands:
    """What all matching rules come to: the strictest of each. `rules`: their names."""

    steps: tuple[Step, ...] = (DEFAULT_STEP,)
    longest: timedelta | None = None
    notice: timedelta | None = None
    hours: tuple[Hours, ...] = ()
    unusual: tuple[str, ...] = ()
    attendance: bool = False
    passkey: bool = False
    recurring_allowed: bool = False
    confirm_each_use: bool = False
    rules: tuple[str, ...] = field(default=())
