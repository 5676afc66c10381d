"""What the actors read at every tick: the verdict, and what people asked for meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.accounts.web_sessions import ended_by_somebody
from sessions.access import may_at
from sessions.attended import works_without_factor
from sessions.companions import CompanionHere, judge
from sessions.models import BrokeredSession, ConsoleMessage, Participant
from sessions.policy import Facts, Outcome, Verdict
from sessions.policy_facts import critical_steps_until, facts_during
from sessions.services.plant_side import PlantSide, plant_sides
from sessions.services.session_rows import session_row, session_rows


@dataclass(frozen=True, slots=True)
class Freeze:
    """Why input stands still, as the database has it."""

    cause: str
    by: str
    note: str
    at: datetime
    until: datetime | None = None
    """When the session ends unless it is lifted, where that is known."""
    escorted: bool = False
    """Whoever works has no second factor at hand: another call lifts what one would lift."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the database; `verdict` was decided on the facts of the same moment."""

    brokered_session: BrokeredSession
    verdict: Verdict
    rests_on: Facts
    """The facts that the verdict rests on."""
    closes_at: datetime
    ends_at: datetime
    critical_step_until: datetime | None
    freeze: Freeze | None
    messages: tuple[ConsoleMessage, ...]
    acknowledged: tuple[ConsoleMessage, ...]
    """Of the phrases that were waited for."""
    plant: PlantSide
    unwelcome: frozenset[int]
    """Ids of the people who may not be in this session any more; never the owner's."""
    asks: frozenset[int]
    """Ids of the people who ask for the baton."""
    signed_out: frozenset[str]
    """Web sessions of those present that somebody ended: their sockets close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an actor asks of the database, and what only the actor knows of its session."""

    session_id: UUID
    idle_for: float = 0.0
    """Seconds since whoever works did something."""
    address: str = ""
    web_session_key: str = ""
    """This and `address`: those of the owner's present socket, where there is one."""
    after_message: int = 0
    observers: Sequence[int] = ()
    """Ids of the people who watch."""
    waiting: Collection[int] = frozenset()
    """Ids of the phrases whose acknowledgement is still to come."""
    companions: Sequence[CompanionHere] = ()
    present: Collection[str] = frozenset()
    """Keys of the web sessions of everybody in it."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What one round reads for all who ask."""

    rows: Mapping[UUID, BrokeredSession]
    steps: Mapping[UUID, datetime]
    ended: frozenset[str]
    messages: Mapping[UUID, Sequence[ConsoleMessage]]
    acknowledged: Mapping[int, ConsoleMessage]
    sides: Mapping[UUID, PlantSide]
    observers: Mapping[int, User]
    asking: Mapping[UUID, frozenset[int]]


def looks(questions: Sequence[Question]) -> list[Look | Exception]:
    """One look for each question, in their order; all are read together.

    What goes wrong with one session is its own answer and nobody else's; that there is no
    such session is one, too (`BrokeredSession.DoesNotExist`).

    Raises database errors.
    """
    read = _read(questions)
    return [_answer(question, read) for question in questions]


def _answer(question: Question, read: _Read) -> Look | Exception:
    row = read.rows.get(question.session_id)
    if row is None:
        return BrokeredSession.DoesNotExist()
    try:
        return _look(question, row, read)
    except Exception as error:  # noqa: BLE001 - the other sessions are looked at
        return error


def _look(question: Question, row: BrokeredSession, read: _Read) -> Look:
    facts, verdict, rests_on, shown_out = _judged(question, row, read)
    if verdict.outcome is Outcome.END:
        # What somebody did between the row and the facts is in the row by now: an act says by
        # itself why it ends a session, and not by what it changed on the way. And who laid
        # the work down before signing out ends nothing: their socket is put out (`signed_out`).
        row = session_row(row.pk)
        if not row.web_session_key and question.web_session_key in question.present:
            question = replace(question, web_session_key="")
        facts, verdict, rests_on, shown_out = _judged(question, row, read)
    messages = read.messages.get(row.pk, ())
    return Look(
        brokered_session=row,
        verdict=verdict,
        rests_on=rests_on,
        closes_at=row.window.closes_at,
        ends_at=facts.ends_at,
        critical_step_until=facts.critical_step_until,
        freeze=freeze_of(row),
        messages=tuple(one for one in messages if one.pk > question.after_message),
        acknowledged=tuple(
            read.acknowledged[pk] for pk in question.waiting if pk in read.acknowledged
        ),
        plant=read.sides[row.pk],
        unwelcome=shown_out
        | {
            pk
            for pk in question.observers
            if not _may_watch(read.observers.get(pk), row)
        },
        asks=read.asking.get(row.pk, frozenset()),
        signed_out=read.ended & frozenset(question.present),
    )


def _judged(
    question: Question, row: BrokeredSession, read: _Read
) -> tuple[Facts, Verdict, Facts, frozenset[int]]:
    facts = facts_during(
        row,
        idle_for=question.idle_for,
        address=question.address,
        web_session_key=question.web_session_key,
        steps=read.steps,
        ended=read.ended,
    )
    return facts, *judge(row, facts, question.companions)


def _may_watch(observer: User | None, row: BrokeredSession) -> bool:
    return observer is not None and may_at(observer, Action.SESSION_WATCH, row)


def _read(questions: Sequence[Question]) -> _Read:
    asked = {question.session_id for question in questions}
    rows = session_rows(BrokeredSession.objects.filter(pk__in=asked))
    waiting = {pk for question in questions for pk in question.waiting}
    observers = {pk for question in questions for pk in question.observers}
    return _Read(
        rows={row.pk: row for row in rows},
        steps=critical_steps_until(rows, timezone.now()),
        ended=ended_by_somebody(_web_sessions(questions, rows)),
        messages=_messages(questions),
        acknowledged=_acknowledged(waiting) if waiting else {},
        sides=plant_sides(rows),
        observers=User.objects.select_related("vendor").in_bulk(observers),
        asking=_asking({one.session_id for one in questions if one.companions}),
    )


def _web_sessions(
    questions: Sequence[Question], rows: Sequence[BrokeredSession]
) -> set[str]:
    keys = {row.web_session_key for row in rows}
    for question in questions:
        keys |= {question.web_session_key, *question.present}
    return keys - {""}


def _messages(questions: Sequence[Question]) -> dict[UUID, list[ConsoleMessage]]:
    """Those of sessions in which somebody said something new, the oldest first."""
    heard = {question.session_id: question.after_message for question in questions}
    last = ConsoleMessage.objects.filter(brokered_session__in=heard).order_by()
    newest = last.values_list("brokered_session").annotate(Max("pk"))
    new = [session for session, pk in newest if pk > heard[session]]
    said: dict[UUID, list[ConsoleMessage]] = {}
    if not new:
        return said
    for message in (
        ConsoleMessage.objects.filter(brokered_session__in=new)
        .prefetch_related("sent_by__vendor", "acknowledged_by")
        .order_by("pk")
    ):
        said.setdefault(message.brokered_session_id, []).append(message)
    return said


def _acknowledged(waiting: Collection[int]) -> dict[int, ConsoleMessage]:
    found = ConsoleMessage.objects.filter(pk__in=waiting, acknowledged_at__isnull=False)
    return {one.pk: one for one in found.select_related("acknowledged_by")}


def _asking(sessions: Collection[UUID]) -> dict[UUID, frozenset[int]]:
    """Who asks for the baton, in sessions in which somebody but the owner could."""
    asks: dict[UUID, frozenset[int]] = {}
    if not sessions:
        return asks
    asking = Participant.objects.filter(
        brokered_session__in=sessions,
        baton_asked_at__isnull=False,
        left_at__isnull=True,
    )
    for session, person in asking.values_list("brokered_session_id", "user_id"):
        asks[session] = asks.get(session, frozenset()) | {person}
    return asks


def freeze_of(brokered_session: BrokeredSession) -> Freeze | None:
    if brokered_session.frozen_at is None:
        return None
    by = brokered_session.frozen_by
    return Freeze(
        cause=brokered_session.frozen_cause,
        by=by.full_name if by else "",
        note=brokered_session.frozen_reason,
        at=brokered_session.frozen_at,
        until=brokered_session.recording_grace_until
        if brokered_session.frozen_cause == BrokeredSession.FreezeCause.RECORDING
        else None,
        escorted=works_without_factor(brokered_session),
    )
