"""What the brokers' fleet asks and changes: anchors, hand-over, adoption, interruption."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils import timezone

from accessportal.audit import record
from sessions.models import (
    BrokeredSession,
    ConsoleMessage,
    LeftPressed,
    Participant,
)
from sessions.policy_facts import critical_step_until
from sessions.services.brokers import chosen_for, living_brokers
from sessions.services.leases import LEASE_SECONDS, lapsed, take_over
from sessions.services.lifecycle import note_released_input
from sessions.services.news import tell_pages, wake_actor, wake_brokers
from sessions.services.session_rows import session_row

State = BrokeredSession.State
FreezeCause = BrokeredSession.FreezeCause
EndReason = BrokeredSession.EndReason

MOST_ANCHORS_AT_ONCE = 20
ADOPTION_SECONDS = 8.0
"""So long the anchor's broker has to adopt before another one clears up instead."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """A session whose anchor is (to be) kept here."""

    id: UUID
    guacd_address: str
    connection_id: str
    epoch: int
    wanted: bool
    """Its lease is over, or its broker asks for it to be taken over."""
    handed_over: bool


@dataclass(frozen=True, slots=True)
class FleetView:
    """One look of one broker at all of them."""

    living: list[str]
    mine: dict[UUID, Anchored] = field(default_factory=dict)
    to_anchor: list[UUID] = field(default_factory=list)


def look_at_fleet(name: str) -> FleetView:
    """Which sessions are anchored here, and for which this broker should keep the anchor."""
    living = living_brokers()
    over = ExpressionWrapper(
        lapsed() | Q(handover_requested_at__isnull=False),
        output_field=models.BooleanField(),
    )
    anchored = (
        BrokeredSession.objects.filter(state=State.ACTIVE, anchor_broker=name)
        .exclude(broker=name)
        .values_list(
            "pk", "guacd_address", "guacd_connection_id", "lease_epoch",
            "end_requested_at", "handover_requested_at", over,
        )
    )  # fmt: skip
    mine = {
        pk: Anchored(pk, address, connection_id, epoch, wanted, asked_at is not None)
        for pk, address, connection_id, epoch, ends_at, asked_at, wanted in anchored
        # A living broker that is about to end a session must not find us joined.
        if wanted or ends_at is None
    }
    if name not in living or len(living) < 2:
        return FleetView(living, mine)
    without = (
        BrokeredSession.objects.filter(
            state=State.ACTIVE, broker__in=living, end_requested_at__isnull=True
        )
        .exclude(broker=name)
        .exclude(lapsed())
        .exclude(anchor_broker__in=living)
        .values_list("pk", "broker")[: 10 * MOST_ANCHORS_AT_ONCE]
    )
    to_anchor = [
        pk
        for pk, broker in without
        if chosen_for(pk, [other for other in living if other != broker]) == name
    ]
    return FleetView(living, mine, to_anchor[:MOST_ANCHORS_AT_ONCE])


def take_anchor(session_id: UUID, name: str, living: list[str]) -> bool:
    """This broker keeps the session's anchor from now on, unless another does."""
    others = [other for other in living if other != name]
    taken = (
        BrokeredSession.objects.filter(pk=session_id, state=State.ACTIVE)
        .exclude(broker=name)
        .exclude(anchor_broker__in=others)
        .update(anchor_broker=name, anchored_at=None)
    )
    return bool(taken)


def note_anchored(session_id: UUID, name: str) -> None:
    """The anchor has had its first frame: from here the session survives its broker."""
    BrokeredSession.objects.filter(pk=session_id, anchor_broker=name).update(
        anchored_at=timezone.now()
    )


def leave_anchor(session_id: UUID, name: str) -> None:
    """This broker keeps the anchor no longer; another may."""
    BrokeredSession.objects.filter(pk=session_id, anchor_broker=name).update(
        anchor_broker="", anchored_at=None
    )


def leave_all_anchors(name: str) -> None:
    """A broker that stops keeps none."""
    BrokeredSession.objects.live().filter(anchor_broker=name).update(
        anchor_broker="", anchored_at=None
    )


@transaction.atomic
def request_handover(session_id: UUID, *, epoch: int) -> bool:
    """The broker that holds a session asks the anchor's to take it now; False when none can."""
    asked = BrokeredSession.objects.filter(
        pk=session_id,
        state=State.ACTIVE,
        lease_epoch=epoch,
        anchored_at__isnull=False,
        end_requested_at__isnull=True,
        anchor_broker__in=living_brokers(),
    ).update(handover_requested_at=Now())
    if asked:
        wake_brokers()
    return bool(asked)


def holder_of(session_id: UUID) -> tuple[str, int]:
    """(broker, epoch) of a session, as the row has it now."""
    found: tuple[str, int] = BrokeredSession.objects.values_list(
        "broker", "lease_epoch"
    ).get(pk=session_id)
    return found


@transaction.atomic
def adopt_session(
    session_id: UUID, *, broker: str, epoch: int
) -> tuple[BrokeredSession, str] | None:
    """The anchor's broker takes a session over: the row, and why. None when it cannot be had.

    Why is `handed_over` or `broker_lost`, as the recording's gap has it. The contractor's
    browser has yet to come: until then the work is held.
    """
    before = BrokeredSession.objects.filter(pk=session_id).first()
    wanted = lapsed() | Q(handover_requested_at__isnull=False)
    may = Q(state=State.ACTIVE, anchor_broker=broker) & wanted
    if before is None or not take_over(
        session_id,
        broker=broker,
        epoch=epoch,
        when=may,
        adopted_at=timezone.now(),
    ):
        return None
    row = session_row(session_id)

    why = "handed_over" if before.handover_requested_at else "broker_lost"
    now = timezone.now()
    Participant.objects.filter(brokered_session=row, left_at__isnull=True).update(
        left_at=now, leave_reason="adopted"
    )
    if row.frozen_at is None:
        row.frozen_at, row.frozen_cause = now, FreezeCause.AWAY
        row.frozen_by, row.frozen_reason = None, ""
        row.save(
            update_fields=["frozen_at", "frozen_cause", "frozen_by", "frozen_reason"]
        )
    record(
        "session.adopted",
        subject=row,
        brokered_session=row,
        by=broker,
        of=before.broker,
        why=why,
    )

    tell_pages(row)
    wake_actor(row)
    return row, why


def last_message_of(session_id: UUID) -> int:
    """The newest message that the dead broker may have told already."""
    newest = (
        ConsoleMessage.objects.filter(brokered_session=session_id)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )
    return newest or 0


def people_of(held: list[list[Any]]) -> dict[int, int]:
    """The user of each participant that `held_input` names."""
    ids = {row[0] for row in held}
    return dict(Participant.objects.filter(pk__in=ids).values_list("pk", "user_id"))


@transaction.atomic
def note_releases(row: BrokeredSession, held: list[list[Any]], *, why: str) -> None:
    """What a dead broker left held down was let go of."""
    keys = sum(1 for _participant, kind, _values in held if kind == "key")
    note_released_input(row, why=why, keys=keys, buttons=len(held) - keys)
    BrokeredSession.objects.filter(pk=row.pk).update(held_input=[])


@transaction.atomic
def note_left_pressed(row: BrokeredSession, count: int, *, nameless: int = 0) -> None:
    """The board says that somebody has to look at this machine, also if somebody had.

    count: keys, buttons and fingers that were down; nameless: keys among them of which
    nobody knows which they are, so that they cannot be let go of.
    """
    if nameless:
        record(
            "session.input.left_pressed",
            subject=row,
            brokered_session=row,
            keys=nameless,
        )
    LeftPressed.objects.update_or_create(
        brokered_session=row,
        defaults={
            "held": count, "noted_at": timezone.now(),
            "released_at": None, "seen_at": None, "seen_by": None,
        },
    )  # fmt: skip
    tell_pages(row)


@transaction.atomic
def note_all_released(row: BrokeredSession) -> None:
    """The releases were sent; whether the machine took them is for eyes to see."""
    LeftPressed.objects.filter(brokered_session=row).update(released_at=timezone.now())


def nobody_came_since(row: BrokeredSession, since: datetime) -> bool:
    """Whether a session that is over holds its place still, and nobody began another one
    at the same address meanwhile: by this endpoint nobody can before the place is free."""
    places = BrokeredSession.objects.holding_a_slot()
    others = places.filter(
        endpoint__host=row.endpoint.host,
        endpoint__port=row.endpoint.port,
        requested_at__gt=since,
    )
    return places.filter(pk=row.pk).exists() and not others.exclude(pk=row.pk).exists()


# --- What nobody looks after -----------------------------------------------------------


def take_unclaimed(broker: str, living: list[str]) -> list[UUID]:
    """Sessions that wait for a broker which is not there: those that this one connects now."""
    since = timezone.now() - timedelta(seconds=LEASE_SECONDS)
    waiting = (
        BrokeredSession.objects.filter(
            state=State.CONNECTING,
            lease_expires_at__isnull=True,
            requested_at__lt=since,
            end_requested_at__isnull=True,
        )
        .exclude(broker__in=[*living, broker])
        .values_list("pk", "broker")
    )
    taken = []
    for pk, was in waiting:
        if chosen_for(pk, living or [broker]) == broker and (
            BrokeredSession.objects.filter(
                pk=pk, broker=was, lease_expires_at__isnull=True
            ).update(broker=broker)
        ):
            taken.append(pk)
    return taken


@transaction.atomic
def claim_abandoned(row: BrokeredSession, *, broker: str) -> BrokeredSession | None:
    """Become the one that ends a session whose broker is dead; None when another was first.

    One of our own name is ours: whoever had the name before has lost it.
    """
    when = Q(broker=broker) | lapsed()
    if not take_over(row.pk, broker=broker, epoch=row.lease_epoch, when=when):
        return None
    return session_row(row.pk)


def reason_of_end(row: BrokeredSession) -> dict[str, Any]:
    """Why a session ends that no actor ends: what was asked for comes before the crash."""
    if row.end_requested_at is not None:
        return {
            "reason": row.end_requested_reason,
            "acting_user": row.end_requested_by,
            "note": row.end_note,
        }
    window = row.window
    if window.revoked_at is not None:
        return {"reason": EndReason.WINDOW_REVOKED}
    if row.lease_expires_at is None:
        return {"reason": EndReason.NOT_CONNECTED}
    now = timezone.now()
    if window.closes_at <= now and critical_step_until(row, now) is None:
        return {"reason": EndReason.WINDOW_CLOSED}
    return {"reason": EndReason.INTERRUPTED}


def may_be_handed_over(session_ids: Iterable[UUID]) -> set[UUID]:
    """Those of which another living broker keeps a good anchor."""
    return set(
        BrokeredSession.objects.filter(
            pk__in=list(session_ids),
            state=State.ACTIVE,
            anchored_at__isnull=False,
            anchor_broker__in=living_brokers(),
        ).values_list("pk", flat=True)
    )
