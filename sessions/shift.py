"""The lines of the shift change: each live session with what is open about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from sessions.models import BrokeredSession, ConsoleMessage
from sessions.services.phrases import CONTRACTOR, side_of, words_of
from sessions.services.plant_side import PlantSide, StepState, plant_sides


@dataclass(frozen=True)
class ShiftLine:
    brokered_session: BrokeredSession
    side: PlantSide
    reader: User
    questions: list[str] = field(default_factory=list)
    """What waits for an answer of the plant, or of the contractor, in sentences."""

    @property
    def yours(self) -> bool:
        return self.side.in_charge_id == self.reader.pk

    @property
    def offered_to_you(self) -> bool:
        return self.side.offered_to_id == self.reader.pk

    @property
    def vacant(self) -> bool:
        return self.side.in_charge_id is None and not self.offered_to_you

    @property
    def somebody_elses(self) -> bool:
        return not (self.yours or self.vacant or self.offered_to_you)

    @property
    def in_sight(self) -> bool:
        """Taken to be one of the reader's machines: attended by them, or theirs to attend."""
        attended_by = self.brokered_session.attended_by_id
        return attended_by == self.reader.pk or (attended_by is None and self.yours)

    @property
    def attendance_stands_still(self) -> bool:
        return self.brokered_session.frozen_cause == "attendance"

    @property
    def ends_at(self) -> datetime:
        return self.side.ends_at(self.brokered_session.window.closes_at)

    @property
    def step_waits(self) -> bool:
        step = self.side.step
        return step is not None and step.state is StepState.DECLARED


def shift_lines(sessions: Iterable[BrokeredSession], reader: User) -> list[ShiftLine]:
    """In three queries, however many there are."""
    rows = list(sessions)
    sides = plant_sides(rows)
    said = _said_in(rows)
    return [
        ShiftLine(row, sides[row.pk], reader, _questions(sides[row.pk], said[row.pk]))
        for row in rows
    ]


def _said_in(rows: Sequence[BrokeredSession]) -> dict[Any, list[ConsoleMessage]]:
    said: dict[Any, list[ConsoleMessage]] = defaultdict(list)
    for message in (
        ConsoleMessage.objects.filter(brokered_session__in=rows)
        .select_related("sent_by__vendor")
        .order_by("pk")
    ):
        said[message.brokered_session_id].append(message)
    return said


def _questions(side: PlantSide, messages: list[ConsoleMessage]) -> list[str]:
    found = []
    if side.wish is not None and side.wish.pending:
        found.append(
            _("Asks for %(minutes)d more minutes: %(reason)s")
            % {"minutes": side.wish.minutes, "reason": side.wish.reason}
        )
    if side.step is not None and side.step.state is StepState.DECLARED:
        found.append(
            _("Wants a critical step accepted: %(what)s, %(minutes)d min")
            % {"what": side.step.what, "minutes": side.step.minutes}
        )
    return found + message_questions(messages)


def unanswered_in(rows: Sequence[BrokeredSession]) -> dict[Any, list[str]]:
    """What was said and waits for an answer, by the sessions' ids; one query."""
    said = _said_in(rows)
    return {row.pk: message_questions(said[row.pk]) for row in rows}


def message_questions(messages: list[ConsoleMessage]) -> list[str]:
    found = []
    for message in open_messages(messages):
        words = str(words_of(message))
        of_contractor = side_of(message.sent_by) == CONTRACTOR
        sentence = (
            _("Not answered yet: “%(words)s” (%(name)s)")
            if of_contractor
            else _("Not acknowledged yet: “%(words)s” (%(name)s)")
        )
        found.append(sentence % {"words": words, "name": message.sent_by.full_name})
    return found


def open_messages(messages: list[ConsoleMessage]) -> list[ConsoleMessage]:
    """Phrases that nobody acknowledged, and the contractor's lines since the plant's last one."""
    last_of_plant = max(
        (one.pk for one in messages if side_of(one.sent_by) != CONTRACTOR), default=0
    )
    return [
        one
        for one in messages
        if (one.phrase and one.acknowledged_at is None)
        or (
            not one.phrase
            and one.pk > last_of_plant
            and side_of(one.sent_by) == CONTRACTOR
        )
    ]
