"""Compare what the portal's record says of its sessions with what guacd itself answers.

The record may be wrong: a process hangs with its lease still fresh, a connection outlives
its end. So brokers note what they hear, ask guacd about the rest, and what does not fit
twice in a row is shown on the live board in words, and is in the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from accessportal.audit import record
from sessions.models import BrokeredSession, Sighting
from sessions.services.news import tell_pages
from sessions.services.session_rows import session_row, session_rows

Answer = Sighting.Answer
Disagreement = Sighting.Disagreement

HEARD_LATELY = timedelta(seconds=12)
"""A session whose broker has heard of guacd within this time needs no question."""

ASK_AGAIN = timedelta(seconds=8)
SETTLING = timedelta(seconds=8)
"""After a beginning and an end, record and guacd may differ for a moment."""

ENDED_LATELY = timedelta(minutes=3)
"""How long after its end guacd is still asked about a session."""

TWICE = timedelta(seconds=4)
"""Two looks that disagree lie at least this far apart."""

LEASE_GRACE = timedelta(seconds=6)
"""A lease that ran out is taken over within seconds; only then is nobody there."""

MOST_QUESTIONS = 10
"""To guacd, in one round."""


@dataclass(frozen=True, slots=True)
class Question:
    """A session that guacd is to be asked about."""

    session_id: UUID
    guacd_address: str
    connection_id: str
    live: bool


def note_heard(heard: Iterable[UUID], *, at: datetime | None = None) -> None:
    """A broker has heard from guacd of these sessions. Two statements, however many."""
    heard = list(heard)
    if not heard:
        return
    with transaction.atomic():
        _make_sightings(heard)
        Sighting.objects.filter(pk__in=heard).update(heard_at=at or timezone.now())


def note_recorders(behind: Iterable[UUID], caught_up: Iterable[UUID]) -> None:
    """The recorders of these sessions fell behind just now, or caught up; pages are told."""
    behind, caught_up = list(behind), list(caught_up)
    if not behind and not caught_up:
        return
    with transaction.atomic():
        _make_sightings(behind)
        rows = Sighting.objects.select_for_update().filter(
            models.Q(pk__in=behind, recorder_behind_since__isnull=True)
            | models.Q(pk__in=caught_up, recorder_behind_since__isnull=False)
        )
        for sighting in rows:
            since = timezone.now() if sighting.pk in behind else None
            Sighting.objects.filter(pk=sighting.pk).update(recorder_behind_since=since)
            tell_pages(session_row(sighting.pk))


def _make_sightings(sessions: Iterable[UUID]) -> None:
    Sighting.objects.bulk_create(
        [Sighting(brokered_session_id=pk) for pk in sessions], ignore_conflicts=True
    )


def questions(*, at: datetime | None = None) -> list[Question]:
    """What guacd should be asked now: quiet live sessions, and ends of the last minutes."""
    at = at or timezone.now()
    not_asked_lately = models.Q(sighting__asked_at__isnull=True) | models.Q(
        sighting__asked_at__lt=at - ASK_AGAIN
    )
    quiet = models.Q(
        state=BrokeredSession.State.ACTIVE,
        active_at__lt=at - SETTLING,
        end_requested_at__isnull=True,
    ) & (
        models.Q(sighting__heard_at__isnull=True)
        | models.Q(sighting__heard_at__lt=at - HEARD_LATELY)
    )
    ended = models.Q(
        ended_at__lt=at - SETTLING,
        ended_at__gt=at - ENDED_LATELY,
        end_confirmed_at__isnull=False,
    )
    rows = (
        BrokeredSession.objects.filter(quiet | ended)
        .filter(not_asked_lately)
        .exclude(guacd_connection_id="")
        .order_by("sighting__asked_at")
        .values_list("pk", "guacd_address", "guacd_connection_id", "ended_at")
    )
    return [
        Question(pk, address, connection_id, live=ended_at is None)
        for pk, address, connection_id, ended_at in rows[:MOST_QUESTIONS]
    ]


def note_answers(
    answers: Mapping[UUID, str], *, at: datetime | None = None
) -> list[BrokeredSession]:
    """Keep guacd's answers; returns the sessions that guacd still has although they ended."""
    at = at or timezone.now()
    lingering = []
    for session_id, answer in answers.items():
        try:
            row = session_row(session_id)
        except BrokeredSession.DoesNotExist:
            continue
        Sighting.objects.update_or_create(
            brokered_session=row, defaults={"asked_at": at, "answer": answer}
        )
        _weigh(row, _disagreement_of(row, answer, at), at)
        if not row.is_live and answer == Answer.KNOWS:
            lingering.append(row)
    return lingering


def look_at_leases(*, at: datetime | None = None) -> None:
    """Sessions that no process carries, and those whose disagreement is over."""
    at = at or timezone.now()
    uncarried = BrokeredSession.objects.filter(
        state=BrokeredSession.State.ACTIVE, lease_expires_at__lt=at - LEASE_GRACE
    ).exclude(sighting__disagreement=Disagreement.NO_BROKER)
    for row in session_rows(uncarried):
        _weigh(row, Disagreement.NO_BROKER, at)
    doubted = BrokeredSession.objects.filter(
        ~models.Q(sighting__suspected="") | ~models.Q(sighting__disagreement=""),
        sighting__isnull=False,
    )
    for row in session_rows(doubted):
        if _fits_again(row, at):
            _weigh(row, "", at)


@transaction.atomic
def _weigh(row: BrokeredSession, found: str, at: datetime) -> None:
    """Note one look. What does not fit becomes a disagreement at the second look."""
    Sighting.objects.get_or_create(brokered_session=row)
    sighting = Sighting.objects.select_for_update(of=("self",)).get(pk=row.pk)
    fields: dict[str, Any] = {}
    if found != sighting.suspected:
        fields = {"suspected": found, "suspected_at": at if found else None}
    if found != sighting.disagreement and (
        not found
        or (
            found == sighting.suspected
            and sighting.suspected_at is not None
            and at - sighting.suspected_at >= TWICE
        )
    ):
        fields |= {"disagreement": found, "since": at if found else None}
    if not fields:
        return
    Sighting.objects.filter(pk=row.pk).update(**fields)
    if "disagreement" not in fields:
        return
    if found:
        record(
            "session.disagreement.found",
            subject=row,
            brokered_session=row,
            result="failed",
            disagreement=str(found),
            guacd=row.guacd_address,
            broker=row.broker,
        )
    tell_pages(row)


def _disagreement_of(row: BrokeredSession, answer: str, at: datetime) -> str:
    if answer == Answer.SILENT:
        return Disagreement.GUACD_SILENT if row.is_live else ""
    if row.is_live and answer == Answer.UNKNOWN:
        return Disagreement.NOT_AT_GUACD
    if not row.is_live and answer == Answer.KNOWS:
        return Disagreement.STILL_AT_GUACD
    return ""


def _fits_again(row: BrokeredSession, at: datetime) -> bool:
    """Whether what was said of a session is over without another question to guacd."""
    sighting = row.sighting
    said = sighting.disagreement or sighting.suspected
    if said == Disagreement.STILL_AT_GUACD:
        return sighting.answer == Answer.UNKNOWN
    if not row.is_live:
        return True
    if said == Disagreement.NO_BROKER:
        expires_at = row.lease_expires_at
        return expires_at is None or expires_at > at - LEASE_GRACE
    heard_at = sighting.heard_at
    return heard_at is not None and heard_at > at - HEARD_LATELY
