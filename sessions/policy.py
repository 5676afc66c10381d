"""The policy decision point: one pure function decides who may be connected, and why not.

Asked at the start of a session and again at least every `POLICY_TICK_SECONDS` while it
lasts. At a start every broken rule refuses. Later the table of `sessions.endings` says
what follows: an act of a person ends at once, what is foreseeable was judged before, drift
freezes; in an accepted critical step nothing but a person's act does either.

Nothing here reads a clock, a database or a setting: `policy_facts` brings the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions.endings import CAUSES, Answer
from sessions.risk import Follows, words_of


class Moment(StrEnum):
    """When the question is asked."""

    START = "start"
    DURING = "during"


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
    asset_locked: bool = False
    # Foreseeable.
    person_expires_at: datetime | None = None
    contract_ends_at: datetime | None = None
    training_expires_at: datetime | None = None
    person_confirmed: bool = True
    training_missing: bool = False
    nda_missing: bool = False
    production_freeze: bool = False
    line_given: bool = True
    vendor_services_asset: bool = True
    recorder_runs: bool = True
    host_identity_known: bool = True
    slot_free: bool = True
    # Who is in already, in words that name nobody of another company. A limit of 0: none.
    endpoint_in: tuple[str, ...] = ()
    person_limit: int = 0
    person_in: tuple[str, ...] = ()
    vendor_limit: int = 0
    vendor_in: tuple[str, ...] = ()
    # Escorted: who of the plant called them back, and what that stands in for (decision 89).
    escorted_by: str = ""
    bridged: tuple[str, ...] = ()
    # Risk: each signal that is on, with what follows from it (sessions.risk).
    signals: Mapping[str, str] = field(default_factory=dict)
    risk_fresh_for: float = 60.0
    # Drift. Where a factor was never used its age is None.
    factor_age: float | None = None
    factor_fresh_for: float = 300.0
    factor_max_age: float = 43_200.0
    idle_for: float = 0.0
    idle_limit: float = 600.0
    same_address: bool = True
    attended: bool = True
    # Frozen because the contractor is away, for so long; a limit of None is the window's end.
    held_for: float = 0.0
    hold_limit: float | None = None
    # Until when a recording that failed may come back.
    recording_grace_until: datetime | None = None
    # Another company's desktop may still be there, and nobody said that it is not.
    desktop_left_over: bool = False
    # Until when nothing but a person's act ends or freezes the session.
    critical_step_until: datetime | None = None

    @property
    def in_critical_step(self) -> bool:
        until = self.critical_step_until
        return until is not None and self.at < until

    @property
    def factor_bridged(self) -> bool:
        """The plant's call stands in for a second factor that is not at hand."""
        return "factor" in self.bridged

    @property
    def training_bridged(self) -> bool:
        return "training" in self.bridged

    @property
    def ends_at(self) -> datetime:
        """When the session ends as things are: with its window, or with a later critical step."""
        return max(self.closes_at, self.critical_step_until or self.closes_at)

    def as_evidence(self) -> dict[str, Any]:
        """The facts as JSON, stored with the session they let in."""
        return {
            name: _as_json(value)
            for name in self.__dataclass_fields__
            if (value := getattr(self, name)) is not None
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to say no: `broken` looks at the facts and nothing else.

    What follows from it while a session lasts is the line of the same code in the table
    of endings; a rule without a line there is for starts only.
    """

    code: str
    broken: Callable[[Facts], bool]
    sentence: str | Promise
    detail: Callable[[Facts], str] | None = None
    """Says more than the sentence, of these very facts."""

    def said_of(self, facts: Facts) -> str:
        """The sentence, with what the facts add to it."""
        said = str(self.sentence)
        more = self.detail(facts) if self.detail is not None else ""
        return f"{said} {more}".strip()

    @property
    def only_at_start(self) -> bool:
        return self.code not in CAUSES

    @property
    def ends(self) -> str:
        """The `EndReason` of a session that this rule ends."""
        return "" if self.only_at_start else CAUSES[self.code].reason

    @property
    def freezes(self) -> str:
        """The `FreezeCause` of a session that this rule freezes."""
        return "" if self.only_at_start else CAUSES[self.code].freeze


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome and every reason for it, the weightiest first."""

    outcome: Outcome
    reasons: tuple[Rule, ...] = ()
    waiting: tuple[Rule, ...] = ()
    """What would end or freeze the session if no critical step ran."""

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOW

    @property
    def codes(self) -> list[str]:
        return [reason.code for reason in self.reasons]


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _follows(facts: Facts, follows: Follows) -> list[str]:
    """The signals from which this follows."""
    return [code for code, one in facts.signals.items() if one == follows]


def _signal_words(codes: list[str]) -> str:
    return "; ".join(str(words) for words in words_of(codes)) + "."


def _names(names: tuple[str, ...]) -> str:
    return gettext("Connected now: %(names)s.") % {"names": ", ".join(names)}


def _older(facts: Facts, seconds: float) -> bool:
    """Whether the factor was used longer ago than that, or never."""
    return facts.factor_age is None or facts.factor_age > seconds


def _passed(moment: datetime | None, at: datetime) -> bool:
    return moment is not None and moment <= at


RULES: tuple[Rule, ...] = (
    Rule(
        "not_your_window",
        lambda facts: not facts.own_window,
        _("This window was made for another person."),
    ),
    Rule(
        "request_not_approved",
        lambda facts: not facts.request_approved,
        _("The request for this access is not approved."),
    ),
    Rule(
        "endpoint_not_in_window",
        lambda facts: not facts.endpoint_in_window,
        _("This machine is not part of what was approved."),
    ),
    Rule(
        "site_isolated",
        lambda facts: facts.site_isolated,
        _("The plant has isolated this site: nobody from outside is let in."),
    ),
    Rule(
        "asset_locked",
        lambda facts: facts.asset_locked,
        _("The plant has locked this machine against outside work."),
    ),
    Rule(
        "vendor_suspended",
        lambda facts: facts.vendor_suspended,
        _("The plant has suspended access for your company."),
    ),
    Rule(
        "account_disabled",
        lambda facts: facts.person_disabled,
        _("Your access to the portal has been ended."),
    ),
    Rule(
        "window_revoked",
        lambda facts: facts.window_revoked,
        _("The plant has revoked this window."),
    ),
    Rule(
        "window_closed",
        lambda facts: facts.at >= facts.closes_at,
        _("The window is over."),
    ),
    Rule(
        "signed_out",
        lambda facts: facts.signed_out,
        _("You have signed out of the portal."),
    ),
    Rule(
        "window_not_open",
        lambda facts: facts.at < facts.opens_at,
        _("The window is not open yet."),
    ),
    Rule(
        "line_not_given",
        lambda facts: not facts.line_given,
        _(
            "The shift has not given you the line yet: somebody of the plant has to tick "
            "the checklist first."
        ),
    ),
    Rule(
        "person_not_confirmed",
        lambda facts: not facts.person_confirmed,
        _("Your sponsor at the plant has not confirmed you yet."),
    ),
    Rule(
        "account_expired",
        lambda facts: _passed(facts.person_expires_at, facts.at),
        _("Your access to the portal has expired."),
    ),
    Rule(
        "contract_ended",
        lambda facts: _passed(facts.contract_ends_at, facts.at),
        _("Your company's contract with the plant has ended."),
    ),
    Rule(
        "training_expired",
        lambda facts: (
            not facts.training_bridged and _passed(facts.training_expires_at, facts.at)
        ),
        _("Your safety training for this plant has expired."),
    ),
    Rule(
        "training_missing",
        lambda facts: facts.training_missing and not facts.training_bridged,
        _("No safety training of yours is on record at this plant."),
    ),
    Rule(
        "nda_missing",
        lambda facts: facts.nda_missing,
        _("No valid non-disclosure agreement of yours is on record at this plant."),
    ),
    Rule(
        "production_freeze",
        lambda facts: facts.production_freeze,
        _("The plant allows no outside work at this time."),
    ),
    Rule(
        "asset_not_serviced",
        lambda facts: not facts.vendor_services_asset,
        _("Your company does not service this machine any more."),
    ),
    Rule(
        "recorder_not_ready",
        lambda facts: not facts.recorder_runs,
        _("The recorder is not ready, and nothing may happen unrecorded."),
    ),
    Rule(
        "host_key_not_pinned",
        lambda facts: not facts.host_identity_known,
        _("No host key is pinned for this machine, so it could be another one."),
    ),
    Rule(
        "endpoint_busy",
        lambda facts: not facts.slot_free,
        _("This machine is in use by another session."),
        lambda facts: _names(facts.endpoint_in) if facts.endpoint_in else "",
    ),
    Rule(
        "person_limit",
        lambda facts: len(facts.person_in) >= facts.person_limit > 0,
        _("You work on another machine already, and may not work on more at a time."),
        lambda facts: _names(facts.person_in),
    ),
    Rule(
        "vendor_limit",
        lambda facts: len(facts.vendor_in) >= facts.vendor_limit > 0,
        _("As many of your company are connected as may be at a time."),
        lambda facts: _names(facts.vendor_in),
    ),
    Rule(
        "risk_refused",
        lambda facts: bool(_follows(facts, Follows.REFUSE)),
        _("The plant lets nobody in like this:"),
        lambda facts: _signal_words(_follows(facts, Follows.REFUSE)),
    ),
    Rule(
        "desktop_left_over",
        lambda facts: facts.desktop_left_over,
        _("Another company's desktop may still be open on this machine."),
    ),
    Rule(
        "fresh_factor_needed",
        lambda facts: (
            not facts.factor_bridged and _older(facts, facts.factor_fresh_for)
        ),
        _("Please confirm with your second factor first."),
    ),
    Rule(
        "risk_step_up",
        lambda facts: (
            not facts.factor_bridged
            and bool(_follows(facts, Follows.STEP_UP))
            and _older(facts, facts.risk_fresh_for)
        ),
        _("Please enter a new code from your app, because something is unusual:"),
        lambda facts: _signal_words(_follows(facts, Follows.STEP_UP)),
    ),
    Rule(
        "factor_too_old",
        lambda facts: not facts.factor_bridged and _older(facts, facts.factor_max_age),
        _("Your second factor was used too long ago. Please confirm it to go on."),
    ),
    Rule(
        "address_changed",
        lambda facts: not facts.same_address,
        _("Your network address changed. Please confirm your second factor to go on."),
    ),
    Rule(
        "idle",
        lambda facts: facts.idle_for >= facts.idle_limit > 0,
        _("Nothing was done for a while. Please confirm your second factor to go on."),
    ),
    Rule(
        "not_attended",
        lambda facts: not facts.attended,
        _("Somebody of the plant has to attend, and nobody does now."),
    ),
    Rule(
        "held_too_long",
        lambda facts: (
            facts.hold_limit is not None and facts.held_for >= facts.hold_limit
        ),
        _("The contractor did not come back in time."),
    ),
    Rule(
        "recording_grace_over",
        lambda facts: _passed(facts.recording_grace_until, facts.at),
        _("The recording failed and did not come back in time."),
    ),
)


def decide(facts: Facts) -> Verdict:
    """Whether a session may start or go on, with every reason against it."""
    broken = tuple(rule for rule in RULES if rule.broken(facts))
    if facts.moment is Moment.START:
        return Verdict(Outcome.REFUSE if broken else Outcome.ALLOW, broken)
    lasting = tuple(rule for rule in broken if not rule.only_at_start)
    waiting = tuple(
        rule
        for rule in lasting
        if facts.in_critical_step
        and CAUSES[rule.code].critical is Answer.WAIT
        and CAUSES[rule.code].normal is not Answer.WAIT
    )
    for outcome, answer in ((Outcome.END, Answer.END), (Outcome.FREEZE, Answer.FREEZE)):
        reasons = tuple(
            rule
            for rule in lasting
            if CAUSES[rule.code].answer(in_critical_step=facts.in_critical_step)
            is answer
        )
        if reasons:
            return Verdict(outcome, reasons, waiting)
    return Verdict(Outcome.ALLOW, (), waiting)
