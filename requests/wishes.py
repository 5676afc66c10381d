"""The facts about a wish, and what can be found about it: plain values, no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from requests.policy.rules import Demands


class Level(StrEnum):
    BLOCKS = "blocks"
    WARNS = "warns"


@dataclass(frozen=True)
class Finding:
    """One thing found. `code` is for programs and tests, `about` names the form's field."""

    level: Level
    code: str
    sentence: str
    about: str = ""

    @property
    def blocks(self) -> bool:
        return self.level == Level.BLOCKS


@dataclass(frozen=True)
class Span:
    """From a moment to a later one."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Booking:
    """A time that an approved window takes on an endpoint. `label`: empty where secret."""

    start: datetime
    end: datetime
    label: str = ""


@dataclass(frozen=True)
class EndpointFacts:
    name: str
    max_clients: int = 1
    takes_local_screen: bool = False
    clear_text: bool = False
    first_visit: bool = False
    locked_out: bool = False
    bookings: tuple[Booking, ...] = ()


@dataclass(frozen=True)
class Standing:
    """What the plant wants of a company's people, and how far this person has it.

    `confirmed`: the sponsor, named in `sponsor`, has said that this is the one invited.
    """

    confirmed: bool = True
    sponsor: str = ""
    training_required: bool = False
    nda_required: bool = False
    nda_signed: bool = False
    nda_expires_at: datetime | None = None


@dataclass(frozen=True)
class PersonFacts:
    """A companion: a colleague who is named to take part. `new_to`: names of machines.

    back_after_days: came back lately (`back_at`) to an account that was unused for so long;
    parked_for_days: the account is parked now.
    """

    name: str
    disabled: bool = False
    expires_at: datetime | None = None
    training_expires_at: datetime | None = None
    new_to: tuple[str, ...] = ()
    back_at: datetime | None = None
    back_after_days: int = 0
    parked_for_days: int = 0
    standing: Standing = Standing()


@dataclass(frozen=True)
class Freeze:
    start: datetime
    end: datetime
    reason: str
    asset: str = ""


@dataclass(frozen=True)
class Duplicate:
    """A pending request for the same machine at the same time, of the same company."""

    number: str
    own: bool


@dataclass(frozen=True)
class Limits:
    longest: timedelta
    notice: timedelta
    furthest: timedelta


@dataclass(frozen=True)
class WishFacts:
    """What is known about a wish at `now`. A time not chosen yet is None."""

    now: datetime
    limits: Limits
    zone: str
    site_name: str
    staffed_from: time
    staffed_until: time
    staffed_weekdays: str
    site_isolated: bool
    start: datetime | None
    end: datetime | None
    purpose: str
    endpoints: tuple[EndpointFacts, ...]
    unknown_endpoints: int
    person_name: str
    person_disabled: bool
    person_expires_at: datetime | None
    training_expires_at: datetime | None
    vendor_name: str
    vendor_suspended: bool
    contract_ends_at: datetime
    freezes: tuple[Freeze, ...] = ()
    duplicates: tuple[Duplicate, ...] = field(default=())
    companions: tuple[PersonFacts, ...] = ()
    unknown_companions: int = 0
    refused_lately: int = 0
    new_country: str = ""
    person_back_at: datetime | None = None
    person_back_after_days: int = 0
    standing: Standing = Standing()
    demands: Demands = Demands()
    # The line is down: it begins at once, and no rule about times but its own length holds.
    emergency: bool = False

    @property
    def requester(self) -> PersonFacts:
        return PersonFacts(
            self.person_name,
            self.person_disabled,
            self.person_expires_at,
            self.training_expires_at,
            tuple(machine.name for machine in self.endpoints if machine.first_visit),
            self.person_back_at,
            self.person_back_after_days,
            standing=self.standing,
        )
