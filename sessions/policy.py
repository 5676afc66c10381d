"""The policy decision point: one pure function decides who may be connected, and why not.

Asked at the start of a session and again at least every `POLICY_TICK_SECONDS` while it
lasts. Facts come in three classes, and so do reasons (architecture, promise 1):

* an *act* of a person (or the bound that a person set: the window's end) ends at once;
* what is *foreseeable* (a date, an age) is judged before the work and never bites in it;
* *drift* (idle, an old factor, another address) freezes until the person steps up.

Nothing here reads a clock, a database or a setting: `policy_facts` brings the facts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sessions.models import BrokeredSession

EndReason = BrokeredSession.EndReason
FreezeCause = BrokeredSession.FreezeCause


class Moment(StrEnum):
    """When the question is asked."""

    START = "start"
    DURING = "during"


class Weight(StrEnum):
    """The class of a reason."""

    ACT = "act"
    FORESEEABLE = "foreseeable"
    DRIFT = "drift"


class Outcome(StrEnum):
    ALLOW = "allow"
    REFUSE = "refuse"
    END = "end"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything the decision rests on. Ages are in seconds; `at` is the moment asked about.

    Facts that only a start needs have values that let a running session go on.
    """

    moment: Moment
    at: datetime
    # Acts of persons, and what they agreed on.
    request_approved: bool
    own_window: bool
    endpoint_in_window: bool
    opens_at: datetime
    closes_at: datetime
    window_revoked: bool
    person_disabled: bool
    vendor_suspended: bool
    site_isolated: bool
    signed_out: bool
    # Foreseeable.
    person_expires_at: datetime | None = None
    contract_ends_at: datetime | None = None
    training_expires_at: datetime | None = None
    production_freeze: bool = False
    vendor_services_asset: bool = True
    recorder_runs: bool = True
    host_identity_known: bool = True
    slot_free: bool = True
    # Drift. Where a factor was never used its age is None.
    factor_age: float | None = None
    factor_fresh_for: float = 300.0
    factor_max_age: float = 43_200.0
    idle_for: float = 0.0
    idle_limit: float = 600.0
    same_address: bool = True

    def as_evidence(self) -> dict[str, Any]:
        """The facts as JSON, stored with the session they let in."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name in self.__dataclass_fields__
            if (value := getattr(self, name)) is not None
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to say no: `broken` looks at the facts and nothing else."""

    code: str
    weight: Weight
    broken: Callable[[Facts], bool]
    sentence: str | Promise
    ends: str = ""
    freezes: str = ""
    only_at_start: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome and every reason for it, the weightiest first."""

    outcome: Outcome
    reasons: tuple[Rule, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOW

    @property
    def codes(self) -> list[str]:
        return [reason.code for reason in self.reasons]


def _passed(moment: datetime | None, at: datetime) -> bool:
    return moment is not None and moment <= at


RULES: tuple[Rule, ...] = (
    Rule(
        "not_your_window",
        Weight.ACT,
        lambda facts: not facts.own_window,
        _("This window was made for another person."),
        ends=EndReason.WINDOW_REVOKED,
    ),
    Rule(
        "request_not_approved",
        Weight.ACT,
        lambda facts: not facts.request_approved,
        _("The request for this access is not approved."),
        ends=EndReason.WINDOW_REVOKED,
    ),
    Rule(
        "endpoint_not_in_window",
        Weight.ACT,
        lambda facts: not facts.endpoint_in_window,
        _("This machine is not part of what was approved."),
        ends=EndReason.WINDOW_REVOKED,
    ),
    Rule(
        "site_isolated",
        Weight.ACT,
        lambda facts: facts.site_isolated,
        _("The plant has isolated this site: nobody from outside is let in."),
        ends=EndReason.SITE_ISOLATED,
    ),
    Rule(
        "vendor_suspended",
        Weight.ACT,
        lambda facts: facts.vendor_suspended,
        _("The plant has suspended access for your company."),
        ends=EndReason.VENDOR_SUSPENDED,
    ),
    Rule(
        "account_disabled",
        Weight.ACT,
        lambda facts: facts.person_disabled,
        _("Your access to the portal has been ended."),
        ends=EndReason.ACCOUNT_DISABLED,
    ),
    Rule(
        "window_revoked",
        Weight.ACT,
        lambda facts: facts.window_revoked,
        _("The plant has revoked this window."),
        ends=EndReason.WINDOW_REVOKED,
    ),
    Rule(
        "window_closed",
        Weight.ACT,
        lambda facts: facts.at >= facts.closes_at,
        _("The window is over."),
        ends=EndReason.WINDOW_CLOSED,
    ),
    Rule(
        "signed_out",
        Weight.ACT,
        lambda facts: facts.signed_out,
        _("You have signed out of the portal."),
        ends=EndReason.SIGNED_OUT,
    ),
    Rule(
        "window_not_open",
        Weight.FORESEEABLE,
        lambda facts: facts.at < facts.opens_at,
        _("The window is not open yet."),
        only_at_start=True,
    ),
    Rule(
        "account_expired",
        Weight.FORESEEABLE,
        lambda facts: _passed(facts.person_expires_at, facts.at),
        _("Your access to the portal has expired."),
    ),
    Rule(
        "contract_ended",
        Weight.FORESEEABLE,
        lambda facts: _passed(facts.contract_ends_at, facts.at),
        _("Your company's contract with the plant has ended."),
    ),
    Rule(
        "training_expired",
        Weight.FORESEEABLE,
        lambda facts: _passed(facts.training_expires_at, facts.at),
        _("Your safety training for this plant has expired."),
    ),
    Rule(
        "production_freeze",
        Weight.FORESEEABLE,
        lambda facts: facts.production_freeze,
        _("The plant allows no outside work at this time."),
    ),
    Rule(
        "asset_not_serviced",
        Weight.FORESEEABLE,
        lambda facts: not facts.vendor_services_asset,
        _("Your company does not service this machine any more."),
    ),
    Rule(
        "recorder_not_ready",
        Weight.FORESEEABLE,
        lambda facts: not facts.recorder_runs,
        _("The recorder is not ready, and nothing may happen unrecorded."),
    ),
    Rule(
        "host_key_not_pinned",
        Weight.FORESEEABLE,
        lambda facts: not facts.host_identity_known,
        _("No host key is pinned for this machine, so it could be another one."),
    ),
    Rule(
        "endpoint_busy",
        Weight.FORESEEABLE,
        lambda facts: not facts.slot_free,
        _("This machine is in use by another session."),
    ),
    Rule(
        "fresh_factor_needed",
        Weight.DRIFT,
        lambda facts: (
            facts.factor_age is None or facts.factor_age > facts.factor_fresh_for
        ),
        _("Please confirm with your second factor first."),
        only_at_start=True,
    ),
    Rule(
        "factor_too_old",
        Weight.DRIFT,
        lambda facts: (
            facts.factor_age is None or facts.factor_age > facts.factor_max_age
        ),
        _("Your second factor was used too long ago. Please confirm it to go on."),
        freezes=FreezeCause.FACTOR,
    ),
    Rule(
        "address_changed",
        Weight.DRIFT,
        lambda facts: not facts.same_address,
        _("Your network address changed. Please confirm your second factor to go on."),
        freezes=FreezeCause.ADDRESS,
    ),
    Rule(
        "idle",
        Weight.DRIFT,
        lambda facts: facts.idle_for >= facts.idle_limit > 0,
        _("Nothing was done for a while. Please confirm your second factor to go on."),
        freezes=FreezeCause.IDLE,
    ),
)


def decide(facts: Facts) -> Verdict:
    """Whether a session may start or go on, with every reason against it."""
    at_start = facts.moment is Moment.START
    broken = tuple(
        rule
        for rule in RULES
        if (at_start or not rule.only_at_start) and rule.broken(facts)
    )
    if at_start:
        return Verdict(Outcome.REFUSE if broken else Outcome.ALLOW, broken)
    acts = tuple(rule for rule in broken if rule.weight is Weight.ACT)
    if acts:
        return Verdict(Outcome.END, acts)
    drift = tuple(rule for rule in broken if rule.weight is Weight.DRIFT)
    return Verdict(Outcome.FREEZE if drift else Outcome.ALLOW, drift)


def next_look(closes_at: datetime, at: datetime, tick_seconds: float) -> float:
    """Seconds until the next question: the tick, or the window's end when it is nearer."""
    return max(0.0, min(tick_seconds, (closes_at - at) / timedelta(seconds=1)))
