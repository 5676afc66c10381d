"""What the actor reads at every tick: the verdict, and what people asked for meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.accounts.web_sessions import ended_by_somebody
from sessions.access import may_at
from sessions.attended import works_without_factor
from sessions.companions import CompanionHere, judge
from sessions.models import BrokeredSession, ConsoleMessage
from sessions.policy import Facts, Outcome, Verdict
from sessions.policy_facts import facts_during
from sessions.services.plant_side import PlantSide, plant_side_of
from sessions.services.session_rows import session_row


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


def look(
    session_id: Any,
    *,
    idle_for: float,
    address: str,
    web_session_key: str,
    after_message: int,
    observers: Sequence[int],
    waiting: Collection[int] = (),
    companions: Sequence[CompanionHere] = (),
    present: Collection[str] = (),
) -> Look:
    """Read everything an actor acts on.

    `waiting`: ids of the phrases whose acknowledgement is still to come. `present`: keys of
    the web sessions of everybody in it.

    Raises `BrokeredSession.DoesNotExist` and database errors.
    """
    brokered_session = session_row(session_id)
    facts = facts_during(
        brokered_session,
        idle_for=idle_for,
        address=address,
        web_session_key=web_session_key,
    )
    verdict, rests_on, shown_out = judge(brokered_session, facts, companions)
    if verdict.outcome is Outcome.END:
        # What somebody did between the row and the facts is in the row by now: an act says by
        # itself why it ends a session, and not by what it changed on the way.
        brokered_session = session_row(session_id)
    return Look(
        brokered_session=brokered_session,
        verdict=verdict,
        rests_on=rests_on,
        closes_at=brokered_session.window.closes_at,
        ends_at=facts.ends_at,
        critical_step_until=facts.critical_step_until,
        freeze=freeze_of(brokered_session),
        messages=tuple(
            ConsoleMessage.objects.filter(
                brokered_session=brokered_session, pk__gt=after_message
            )
            .prefetch_related("sent_by__vendor", "acknowledged_by")
            .order_by("pk")
        ),
        acknowledged=tuple(_acknowledged(waiting)) if waiting else (),
        plant=plant_side_of(brokered_session),
        unwelcome=shown_out | _unwelcome(brokered_session, observers),
        asks=_asks(brokered_session, companions),
        signed_out=ended_by_somebody(present),
    )


def _acknowledged(waiting: Collection[int]) -> QuerySet[ConsoleMessage]:
    return ConsoleMessage.objects.filter(
        pk__in=waiting, acknowledged_at__isnull=False
    ).select_related("acknowledged_by")


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


def _asks(
    brokered_session: BrokeredSession, companions: Sequence[CompanionHere]
) -> frozenset[int]:
    """Nobody asks where nobody but the owner could."""
    if not companions:
        return frozenset()
    asking = brokered_session.participants.filter(
        baton_asked_at__isnull=False, left_at__isnull=True
    )
    return frozenset(asking.values_list("user_id", flat=True))


def _unwelcome(
    brokered_session: BrokeredSession, observers: Sequence[int]
) -> frozenset[int]:
    if not observers:
        return frozenset()
    return frozenset(
        observer.pk
        for observer in User.objects.select_related("vendor").filter(pk__in=observers)
        if not may_at(observer, Action.SESSION_WATCH, brokered_session)
    )
