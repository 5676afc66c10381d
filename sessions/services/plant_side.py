"""What the plant has to do with a live session, in one picture for all who show it: who is
in charge, the critical step, the wish for more time, attendance, the line wanted back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils import timezone

from requests.facts import hash_of_facts
from requests.models import ExtensionRequest, MaintenanceWindow
from requests.services.extension import seen_of_extension
from sessions.attended import attendance_required, attended_until
from sessions.models import BrokeredSession, CriticalStep


class StepState(StrEnum):
    DECLARED = "declared"
    RUNNING = "running"
    LAPSED = "lapsed"
    """Its time is over, and nobody has said that it is done."""
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Step:
    """The last critical step of a session."""

    id: int
    what: str
    minutes: int
    state: StepState
    by: str
    until: datetime | None
    answered_by: str
    """Who of the plant accepted or refused it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The last wish for more time in the session's window."""

    id: int
    minutes: int
    reason: str
    until: datetime
    """When the window would close."""
    seen: str
    """The hash of what is shown of it, which a yes brings along."""
    by: str
    state: str
    answer: str
    answered_by: str

    @property
    def pending(self) -> bool:
        return self.state == ExtensionRequest.State.PENDING


@dataclass(frozen=True, slots=True)
class Attendance:
    """Of a machine at which somebody has to be."""

    by: str
    said_at: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Recall:
    """The plant wants the line back before the window would have closed."""

    by: str
    reason: str
    until: datetime
    seen: bool
    """The contractor has read it."""


@dataclass(frozen=True, slots=True)
class PlantSide:
    """Comparable: the actor tells everybody when it is another one than before."""

    in_charge: str = ""
    in_charge_id: int | None = None
    in_charge_since: datetime | None = None
    offered_to: str = ""
    offered_to_id: int | None = None
    step: Step | None = None
    wish: Wish | None = None
    attendance: Attendance | None = None
    recall: Recall | None = None

    @property
    def step_runs(self) -> bool:
        return self.step is not None and self.step.state is StepState.RUNNING

    def ends_at(self, closes_at: datetime) -> datetime:
        """When the session ends as things are: with its window, or a later critical step."""
        if self.step is None or self.step.until is None or not self.step_runs:
            return closes_at
        return max(closes_at, self.step.until)

    @property
    def asks(self) -> bool:
        """Whether something waits for a person of the plant."""
        return (
            self.in_charge_id is None
            or (self.wish is not None and self.wish.pending)
            or (self.step is not None and self.step.state is StepState.DECLARED)
        )


def plant_sides(sessions: Iterable[BrokeredSession]) -> dict[Any, PlantSide]:
    """By the sessions' ids, in two queries, one for each part that people have in what they
    find (five at most), and one more for each session that needs attendance.

    The sessions should come with `person_in_charge`, `charge_offered_to`, `attended_by`,
    `window__recalled_by` and their endpoint's asset.
    """
    rows = list(sessions)
    steps = {
        step.brokered_session_id: step
        for step in CriticalStep.objects.filter(brokered_session__in=rows)
        .prefetch_related("declared_by", "accepted_by", "ended_by")
        .order_by("pk")
    }
    wishes = {
        wish.window_id: wish
        for wish in ExtensionRequest.objects.filter(
            window__in={row.window_id for row in rows}
        )
        .prefetch_related("asked_by", "decided_by")
        .order_by("pk")
    }
    return {
        row.pk: _side(row, steps.get(row.pk), wishes.get(row.window_id)) for row in rows
    }


def _side(
    row: BrokeredSession, step: CriticalStep | None, wish: ExtensionRequest | None
) -> PlantSide:
    in_charge, offered_to = row.person_in_charge, row.charge_offered_to
    return PlantSide(
        in_charge=in_charge.full_name if in_charge else "",
        in_charge_id=row.person_in_charge_id,
        in_charge_since=row.in_charge_since,
        offered_to=offered_to.full_name if offered_to else "",
        offered_to_id=row.charge_offered_to_id,
        step=_step(step) if step is not None else None,
        wish=_wish(wish, row.window) if wish is not None else None,
        attendance=_attendance(row),
        recall=_recall(row.window),
    )


def _step(step: CriticalStep) -> Step:
    answered_by = step.accepted_by
    if step.ended_at is not None:
        state = StepState.DONE
        if step.accepted_at is None:
            own = step.ended_by_id == step.declared_by_id
            state = StepState.WITHDRAWN if own else StepState.REFUSED
            answered_by = step.ended_by
    elif step.until is None:
        state = StepState.DECLARED
    else:
        over = step.until <= timezone.now()
        state = StepState.LAPSED if over else StepState.RUNNING
    return Step(
        id=step.pk,
        what=step.what,
        minutes=step.minutes,
        state=state,
        by=step.declared_by.full_name,
        until=step.until,
        answered_by=answered_by.full_name if answered_by else "",
    )


def _wish(wish: ExtensionRequest, window: MaintenanceWindow) -> Wish:
    return Wish(
        id=wish.pk,
        minutes=wish.minutes,
        reason=wish.reason,
        until=window.closes_at + timedelta(minutes=wish.minutes),
        seen=hash_of_facts(seen_of_extension(wish, window.closes_at)),
        by=wish.asked_by.full_name,
        state=wish.state,
        answer=wish.decision_reason,
        answered_by=wish.decided_by.full_name if wish.decided_by else "",
    )


def _recall(window: MaintenanceWindow) -> Recall | None:
    if window.recalled_at is None:
        return None
    return Recall(
        by=str(window.recalled_by or ""),
        reason=window.recall_reason,
        until=window.closes_at,
        seen=window.recall_seen_at is not None,
    )


def _attendance(row: BrokeredSession) -> Attendance | None:
    if not attendance_required(row):
        return None
    return Attendance(
        by=row.attended_by.full_name if row.attended_by else "",
        said_at=row.attended_at,
        until=attended_until(row),
    )
