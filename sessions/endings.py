"""What ends a session, what freezes it, and what waits: one table, for policy, tests and docs.

Every cause has a class (architecture, promise 1) and two answers: in normal times, and
while an accepted critical step runs (promise 6). `sessions.policy` looks its answers up
here, the actor gives the others, a test acts out every line, and `docs/endings.md` is
printed from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sessions.models import BrokeredSession

EndReason = BrokeredSession.EndReason
FreezeCause = BrokeredSession.FreezeCause

CRITICAL_STEP_MOST = timedelta(minutes=60)
"""No critical step protects a session for longer than this after it was accepted."""


class Weight(StrEnum):
    """The class of a cause."""

    ACT = "act"
    FORESEEABLE = "foreseeable"
    DRIFT = "drift"
    FAULT = "fault"


class Answer(StrEnum):
    END = "end"
    FREEZE = "freeze"
    WAIT = "wait"


class DecidedBy(StrEnum):
    """Who gives the answer: the policy decision point, or the actor that sees it happen."""

    POLICY = "policy"
    ACTOR = "actor"


IN_THE_WINDOW = "No window outlasts it: where the day is moved, the window closes then."

STEP_UP = frozenset({FreezeCause.IDLE, FreezeCause.FACTOR, FreezeCause.ADDRESS})
"""Freezes that the contractor lifts with a fresh second factor."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One line. `what` is for readers of the docs; `note` says why, where it needs saying.

    `reason` is the `EndReason` where an answer is END, `freeze` the `FreezeCause` where one
    is FREEZE.
    """

    code: str
    weight: Weight
    what: str
    normal: Answer
    critical: Answer
    reason: str = ""
    freeze: str = ""
    decided_by: DecidedBy = DecidedBy.POLICY
    note: str = ""

    def answer(self, *, in_critical_step: bool) -> Answer:
        return self.critical if in_critical_step else self.normal

    @property
    def step_up(self) -> bool:
        """Whether the contractor lifts this freeze with a fresh second factor."""
        return self.freeze in STEP_UP


def _act(
    code: str, what: str, reason: str, decided_by: DecidedBy = DecidedBy.POLICY
) -> Cause:
    """A person's act ends at once, whatever is going on."""
    return Cause(
        code, Weight.ACT, what, Answer.END, Answer.END, reason, decided_by=decided_by
    )


def _judged_before(code: str, what: str, note: str = "") -> Cause:
    """A date that approval and start have judged: it never bites in the middle of work."""
    return Cause(
        code, Weight.FORESEEABLE, what, Answer.WAIT, Answer.WAIT, note=note
    )  # fmt: skip


def _drift(code: str, what: str, freeze: str) -> Cause:
    return Cause(
        code, Weight.DRIFT, what, Answer.FREEZE, Answer.WAIT, freeze=freeze
    )  # fmt: skip


def _gone(code: str, what: str, reason: str) -> Cause:
    """There is nothing left that could be kept."""
    return Cause(
        code, Weight.FAULT, what, Answer.END, Answer.END, reason,
        decided_by=DecidedBy.ACTOR,
    )  # fmt: skip


TABLE: tuple[Cause, ...] = (
    _act("ended_by_plant", "A person of the plant ends it", EndReason.ENDED_BY_PLANT,
         DecidedBy.ACTOR),
    _act("ended_by_contractor", "The contractor ends it", EndReason.ENDED_BY_CONTRACTOR,
         DecidedBy.ACTOR),
    _act("drill", "A drill of isolation ends it", EndReason.DRILL, DecidedBy.ACTOR),
    _act("site_isolated", "The site is isolated", EndReason.SITE_ISOLATED),
    _act("asset_locked", "The machine is locked against outside work", EndReason.ASSET_LOCKED),
    _act("vendor_suspended", "The vendor is suspended", EndReason.VENDOR_SUSPENDED),
    _act("account_disabled", "The person's access is ended", EndReason.ACCOUNT_DISABLED),
    _act("window_revoked", "The window is revoked", EndReason.WINDOW_REVOKED),
    _act("request_not_approved", "The approval is taken back", EndReason.WINDOW_REVOKED),
    _act("not_your_window", "The window becomes another person's", EndReason.WINDOW_REVOKED),
    _act("endpoint_not_in_window", "The machine is taken out of the window",
         EndReason.WINDOW_REVOKED),
    _act("signed_out", "The contractor signs out of the portal", EndReason.SIGNED_OUT),
    Cause(
        "frozen_by_plant", Weight.ACT, "A person of the plant freezes it",
        Answer.FREEZE, Answer.FREEZE, freeze=FreezeCause.PERSON,
        decided_by=DecidedBy.ACTOR, note="Only the plant lets it go on.",
    ),
    Cause(
        "window_closed", Weight.FORESEEABLE, "The window ends",
        Answer.END, Answer.WAIT, EndReason.WINDOW_CLOSED,
        note="On the second; announced 15, 5 and 1 minutes before.",
    ),
    Cause(
        "held_too_long", Weight.FORESEEABLE,
        "The contractor stays away longer than the endpoint holds a session",
        Answer.END, Answer.WAIT, EndReason.HELD_TOO_LONG,
    ),
    _judged_before("account_expired", "The person's access expires", IN_THE_WINDOW),
    _judged_before("contract_ended", "The vendor's contract ends", IN_THE_WINDOW),
    _judged_before("training_expired", "The person's training expires"),
    _judged_before("production_freeze", "A production freeze begins"),
    _judged_before("asset_not_serviced", "The vendor no longer services the asset"),
    _drift("factor_too_old", "The second factor is too old", FreezeCause.FACTOR),
    _drift("address_changed", "The contractor's network address changes", FreezeCause.ADDRESS),
    _drift("idle", "Nothing was done for a while", FreezeCause.IDLE),
    _drift("not_attended", "Nobody of the plant attends", FreezeCause.ATTENDANCE),
    Cause(
        "away", Weight.DRIFT, "The contractor's browser is gone",
        Answer.FREEZE, Answer.FREEZE, freeze=FreezeCause.AWAY,
        decided_by=DecidedBy.ACTOR,
        note="Nobody is there whose input it could stop; lifted by coming back.",
    ),
    Cause(
        "recording_failed", Weight.FAULT, "The recording fails",
        Answer.FREEZE, Answer.FREEZE, freeze=FreezeCause.RECORDING,
        decided_by=DecidedBy.ACTOR,
        note="Nothing goes upstream unrecorded, in a critical step neither; "
             "lifted when recording works again.",
    ),
    Cause(
        "recording_grace_over", Weight.FAULT,
        "The recording stays away longer than the asset's grace time",
        Answer.END, Answer.WAIT, EndReason.RECORDING_FAILED,
        note="Frozen meanwhile: what runs on the machine is not broken off.",
    ),
    Cause(
        "policy_unknown", Weight.FAULT, "The database does not answer",
        Answer.FREEZE, Answer.FREEZE, decided_by=DecidedBy.ACTOR,
        note="A person's act could not be heard either. The window's end is still met.",
    ),
    _gone("asset_closed", "The machine closes the connection", EndReason.ASSET_CLOSED),
    _gone("connection_lost", "guacd or the way to the machine fails",
          EndReason.CONNECTION_LOST),
    _gone("not_connected", "The machine cannot be reached at the start",
          EndReason.NOT_CONNECTED),
    _gone("interrupted", "The broker dies and no other adopts the session",
          EndReason.INTERRUPTED),
)  # fmt: skip

CAUSES: dict[str, Cause] = {cause.code: cause for cause in TABLE}
