"""What the plant does beside the picture, followed by the actor: charge, critical step,
attendance, the wish for more time, acknowledgements. Told to everybody, marked in the
recording."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions.attended import WARNING
from sessions.broker.seat import Seat
from sessions.models import ConsoleMessage
from sessions.services import attendance, critical_step
from sessions.services.phrases import PHRASES, words_of
from sessions.services.plant_side import PlantSide, Recall, Step, StepState
from sessions.services.status import moment

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor
    from sessions.services.looking import Look

ATTENDANCE_DUE = _(
    "Somebody of the plant has to say to be at the machine, or input stops."
)

STEP_MARKS = {
    StepState.RUNNING: "step",
    StepState.LAPSED: "step_ended",
    StepState.DONE: "step_ended",
}


class PlantSideFollower:
    """Beside supervision: `follow` is given every look at the database."""

    def __init__(self, actor: SessionActor) -> None:
        self._actor = actor
        self.side = PlantSide()
        self.waiting: set[int] = set()
        """Ids of the phrases that nobody has acknowledged."""
        self._marked = self.side
        self._warned_of: datetime | None = None

    def follow(self, seen: Look) -> None:
        before, self.side = self.side, seen.plant
        if self.side != before:
            for seat in self._actor.seats.values():
                self.tell(seat)
        if self.side != self._marked and self._actor.writer is not None:
            self._mark_changes(self._marked, self.side)
            self._marked = self.side
        for message in seen.messages:
            if message.phrase and message.acknowledged_at is None:
                self.waiting.add(message.pk)
        for message in seen.acknowledged:
            self._acknowledged(message)
        self._notice_lapse()
        self._notice_attendance()

    def tell(self, seat: Seat) -> None:
        """How the plant's side stands, in one word."""
        seat.say("plant", lambda text: plant_word(self.side, seat))

    # --- Inside ------------------------------------------------------------------------------

    def _mark_changes(self, before: PlantSide, after: PlantSide) -> None:
        actor = self._actor
        if after.in_charge_id != before.in_charge_id:
            actor.mark("charge", name=after.in_charge)
        then, now = before.step, after.step
        if now is not None and (then is None or _key(then) != _key(now)):
            was_running = then is not None and then.state is StepState.RUNNING
            kind = STEP_MARKS.get(now.state)
            if kind == "step" or (kind == "step_ended" and was_running):
                actor.mark(
                    kind,
                    what=now.what,
                    minutes=now.minutes,
                    name=now.by,
                    until=moment(now.until),
                )
        there = after.attendance
        said_before = before.attendance.said_at if before.attendance else None
        if there is not None and there.by and there.said_at != said_before:
            actor.mark("attended", name=there.by, until=moment(there.until))
        self._mark_recall(before.recall, after.recall)

    def _mark_recall(self, before: Recall | None, after: Recall | None) -> None:
        if after is None:
            return
        if before is None or before.until != after.until:
            self._actor.mark(
                "recalled",
                name=after.by,
                reason=after.reason,
                until=moment(after.until),
            )
        if after.seen and not (before is not None and before.seen):
            self._actor.mark("recall_seen")

    def _acknowledged(self, message: ConsoleMessage) -> None:
        actor = self._actor
        self.waiting.discard(message.pk)
        by = message.acknowledged_by
        name = by.full_name if by is not None else ""
        actor.mark("acknowledged", phrase=message.phrase, text=message.text, name=name)
        said = {"id": message.pk, "by": name, "at": moment(message.acknowledged_at)}
        for seat in actor.seats.values():
            seat.viewer.say("acknowledged", said)

    def _notice_lapse(self) -> None:
        """A step that nobody ended is closed when its time is over."""
        actor, step = self._actor, self.side.step
        if step is not None and step.state is StepState.LAPSED:
            actor.later(critical_step.lapse_critical_step, actor.row)

    def _notice_attendance(self) -> None:
        """A minute before input stops, both sides are told."""
        actor, there = self._actor, self.side.attendance
        if there is None or there.until is None or there.until == self._warned_of:
            return
        now = timezone.now()
        step = self.side.step
        protected = step is not None and step.state is StepState.RUNNING
        if protected or not now < there.until <= now + WARNING:
            return
        until = self._warned_of = there.until
        for seat in actor.seats.values():
            seat.say(
                "attendance-due",
                lambda text: {"until": moment(until), "sentence": text(ATTENDANCE_DUE)},
            )
        actor.mark("attendance_due", until=moment(until))
        actor.later(attendance.note_attendance_due, actor.row, until=until)


def plant_word(side: PlantSide, seat: Seat) -> dict[str, Any]:
    """The `plant` word for one participant; sentences are the page's."""
    step, wish, there, recall = side.step, side.wish, side.attendance, side.recall
    return {
        "in_charge": {
            "name": side.in_charge,
            "you": side.in_charge_id == seat.user.pk,
            "id": side.in_charge_id,
            "offered_to": side.offered_to,
            "offered_to_you": side.offered_to_id == seat.user.pk,
        },
        "step": step
        and {
            "id": step.id,
            "what": step.what,
            "minutes": step.minutes,
            "state": step.state,
            "by": step.by,
            "until": moment(step.until),
            "answered_by": step.answered_by,
        },
        "wish": wish
        and {
            "id": wish.id,
            "minutes": wish.minutes,
            "reason": wish.reason,
            "until": moment(wish.until),
            "seen": wish.seen,
            "by": wish.by,
            "state": wish.state,
            "answer": wish.answer,
            "answered_by": wish.answered_by,
        },
        "attendance": there and {"by": there.by, "until": moment(there.until)},
        "recall": recall
        and {
            "by": recall.by,
            "reason": recall.reason,
            "until": moment(recall.until),
            "seen": recall.seen,
        },
    }


def message_word(message: ConsoleMessage, seat: Seat) -> dict[str, Any]:
    """The `message` word; a phrase comes in the reader's language, with its key."""
    phrase = PHRASES.get(message.phrase)
    by = message.acknowledged_by
    from_plant = message.sent_by.vendor_id is None
    return {
        "id": message.pk,
        "name": message.sent_by.full_name,
        "organisation": message.sent_by.organisation,
        "own": message.sent_by_id == seat.user.pk,
        "text": str(words_of(message)),
        "phrase": message.phrase,
        "tone": phrase.tone if phrase is not None else "",
        # Whom it is for: the other side, of which one answer is enough.
        "for_you": from_plant != (seat.user.vendor_id is None),
        "acknowledged_by": by.full_name if by is not None else "",
        "acknowledged_at": moment(message.acknowledged_at),
        "at": moment(message.sent_at),
    }


def _key(step: Step) -> tuple[int, StepState]:
    return step.id, step.state
