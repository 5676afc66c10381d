"""What the session actor, and nobody else, writes about its session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.plants.vault import Secrets, open_secrets
from accessportal.transitions import transition
from sessions.companions import keep_why_shown_out
from sessions.models import BrokeredSession, Participant, TunnelTicket
from sessions.models.participant import Vantage
from sessions.policy_facts import factor_moment
from sessions.services.charge import facts_of, path_of, told_of
from sessions.services.critical_step import close_steps
from sessions.services.freezes import lift_freeze
from sessions.services.guacd_pool import choose_guacd
from sessions.services.leases import lease_end, refuse_other_holder
from sessions.services.news import tell_pages
from sessions.services.session_rows import session_row
from sessions.services.web_sessions import take_up

State = BrokeredSession.State
EndReason = BrokeredSession.EndReason

NOT_WELCOME = "not_welcome"
"""Why the actor shows somebody out."""

AUDIT_OF_END = {
    EndReason.NOT_CONNECTED: "session.failed",
    EndReason.INTERRUPTED: "session.interrupted",
}


@transaction.atomic
def claim_session(session_id: Any, *, broker: str) -> BrokeredSession | None:
    """Make one broker the only one to connect a session; None when it is not to be had."""
    claimed = BrokeredSession.objects.filter(
        pk=session_id,
        state=State.CONNECTING,
        broker=broker,
        lease_expires_at__isnull=True,
    ).update(
        lease_expires_at=lease_end(),
        lease_epoch=F("lease_epoch") + 1,
    )
    if claimed != 1:
        return None
    claimed_row = session_row(session_id)
    claimed_row.guacd_address = choose_guacd(claimed_row.endpoint.asset.zone.site_id)
    claimed_row.save(update_fields=["guacd_address"])
    return claimed_row


@transaction.atomic
def check_out_secrets(brokered_session: BrokeredSession) -> Secrets:
    """The asset's sign-in, for guacd only; that it was used is evidence, what it is never."""
    secrets = open_secrets(brokered_session.endpoint)
    if secrets != Secrets():
        record(
            "credential.checked_out",
            acting_user=brokered_session.started_by,
            subject=brokered_session.endpoint.credential,
            brokered_session=brokered_session,
            origin=origin_of_start(brokered_session),
            username=secrets.username,
        )
    return secrets


def note_connection(session_id: Any, connection_id: str) -> None:
    """Keep guacd's id from the first moment: whoever ends the session must be able to prove it."""
    BrokeredSession.objects.filter(pk=session_id).update(
        guacd_connection_id=connection_id
    )


@transaction.atomic
def mark_active(brokered_session: BrokeredSession) -> None:
    """The first picture has come and is recorded. Raises `TooLate` when the end was first."""
    transition(
        brokered_session,
        expected=State.CONNECTING,
        to=State.ACTIVE,
        active_at=timezone.now(),
    )
    record(
        "session.started",
        acting_user=brokered_session.started_by,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin_of_start(brokered_session),
        endpoint=str(brokered_session.endpoint),
        protocol=brokered_session.endpoint.protocol,
    )
    tell_pages(brokered_session)


@transaction.atomic
def end_session(
    brokered_session: BrokeredSession,
    *,
    reason: str,
    acting_user: User | None = None,
    note: str = "",
    failure: str = "",
    guacd_status: int | None = None,
    desktop_state: str = BrokeredSession.DesktopState.UNKNOWN,
    at: datetime | None = None,
) -> None:
    """The one conditional UPDATE that ends a session; its slot stays until the end is proven.

    `at`: when it ended, where that is written later.

    Only the actor calls it, or the broker for a session whose actor is dead. Raises
    `TooLate` when it has ended before.
    """
    now = at or timezone.now()
    refuse_other_holder(brokered_session)
    transition(
        brokered_session,
        expected=BrokeredSession.LIVE,
        to=State.FAILED if reason == EndReason.NOT_CONNECTED else State.ENDED,
        ended_at=now,
        ended_by=acting_user,
        end_reason=reason,
        end_note=note[:500],
        failure=failure,
        guacd_status=guacd_status,
        desktop_state=desktop_state,
        held_input=[],
        lease_expires_at=None,
    )
    close_steps(brokered_session)
    Participant.objects.filter(
        brokered_session=brokered_session, left_at__isnull=True
    ).update(left_at=now, leave_reason="session_over")
    record(
        AUDIT_OF_END.get(EndReason(reason), "session.terminated"),
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        result="ok" if reason != EndReason.NOT_CONNECTED else "failed",
        reason=note,
        end_reason=reason,
        failure=failure,
        guacd_status=guacd_status,
    )
    tell_pages(brokered_session)


def note_desktop(brokered_session: BrokeredSession, state: str) -> None:
    """What an end left of the desktop, where that is known after it was written down."""
    BrokeredSession.objects.filter(pk=brokered_session.pk).update(desktop_state=state)


@transaction.atomic
def confirm_end(
    brokered_session: BrokeredSession,
    *,
    proof: dict[str, Any],
    desktop_state: str = "",
) -> bool:
    """The end is proven: note how, and free the place on the endpoint. False when done before.

    `desktop_state`: what the proof shows of the desktop, where it shows anything.
    """
    desktop: dict[str, Any] = {"desktop_state": desktop_state} if desktop_state else {}
    confirmed = BrokeredSession.objects.filter(
        pk=brokered_session.pk, ended_at__isnull=False, end_confirmed_at__isnull=True
    ).update(end_confirmed_at=timezone.now(), end_proof=proof, slot=None, **desktop)
    if not confirmed:
        return False
    record(
        "session.end.confirmed",
        subject=brokered_session,
        brokered_session=brokered_session,
        proof=proof,
        **desktop,
    )
    tell_pages(brokered_session)
    return True


@transaction.atomic
def report_unconfirmed_end(
    brokered_session: BrokeredSession, *, proof: dict[str, Any]
) -> None:
    """Five seconds, and no proof yet: say so loudly. The place stays taken, the proving goes on."""
    changed = BrokeredSession.objects.filter(
        pk=brokered_session.pk, end_confirmed_at__isnull=True
    ).update(end_proof=proof)
    if changed:
        record(
            "session.end.unconfirmed",
            subject=brokered_session,
            brokered_session=brokered_session,
            result="failed",
            proof=proof,
        )
        tell_pages(brokered_session)


@transaction.atomic
def participant_joined(
    ticket: TunnelTicket, brokered_session: BrokeredSession, origin: Origin
) -> Participant:
    """Somebody works or watches from now on."""
    participant = Participant.objects.create(
        brokered_session=brokered_session,
        user=ticket.user,
        role=ticket.role,
        vantage=ticket.vantage,
        source_address=origin.address,
        web_session_key=ticket.web_session_key,
        factor=origin.factor,
        factor_at=factor_moment(origin),
    )
    observer = ticket.role == Participant.Role.OBSERVER
    record(
        "session.observer.joined" if observer else "session.participant.joined",
        acting_user=ticket.user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
        role=ticket.role,
        vantage=ticket.vantage,
    )
    if ticket.role == Participant.Role.OWNER:
        take_up(brokered_session, key=ticket.web_session_key)
    if ticket.vantage == Vantage.CONSOLE:
        lift_absence(brokered_session, of=ticket.user_id)
    tell_pages(brokered_session)
    return participant


@transaction.atomic
def lift_absence(brokered_session: BrokeredSession, *, of: int) -> None:
    """The one who works is back: what was held only for that goes on."""
    fresh = BrokeredSession.objects.select_for_update().get(pk=brokered_session.pk)
    away = fresh.frozen_cause == BrokeredSession.FreezeCause.AWAY
    if away and fresh.hand_id == of:
        lift_freeze(fresh, acting_user=None)


@transaction.atomic
def participant_left(
    participant: Participant,
    brokered_session: BrokeredSession,
    *,
    reason: str,
    discarded: int,
) -> None:
    left = Participant.objects.filter(pk=participant.pk, left_at__isnull=True).update(
        left_at=timezone.now(), leave_reason=reason, discarded_inputs=discarded
    )
    if not left:
        return
    if reason == NOT_WELCOME and participant.role == Participant.Role.COMPANION:
        keep_why_shown_out(participant)
    record(
        "session.participant.left",
        acting_user=participant.user,
        subject=brokered_session,
        brokered_session=brokered_session,
        reason=reason,
        role=participant.role,
        discarded_inputs=discarded,
    )
    tell_pages(brokered_session)


@transaction.atomic
def note_blocked_input(
    brokered_session: BrokeredSession, user: User, *, what: str, why: str
) -> None:
    """Input was refused. `what` is an opcode or `message`, never its content."""
    record(
        "session.input.blocked",
        acting_user=user,
        subject=brokered_session,
        brokered_session=brokered_session,
        result="denied",
        what=what,
        why=why,
    )


@transaction.atomic
def note_released_input(
    brokered_session: BrokeredSession, *, why: str, keys: int, buttons: int
) -> None:
    record(
        "session.input.released",
        subject=brokered_session,
        brokered_session=brokered_session,
        why=why,
        keys=keys,
        buttons=buttons,
    )


@transaction.atomic
def note_warning(brokered_session: BrokeredSession, *, minutes: int) -> None:
    notify(
        told_of(brokered_session),
        "session.warned",
        path=path_of(brokered_session),
        minutes=minutes,
        **facts_of(brokered_session),
    )
    record(
        "session.warned",
        subject=brokered_session,
        brokered_session=brokered_session,
        minutes=minutes,
    )
    tell_pages(brokered_session)


@transaction.atomic
def note_clipboard(
    brokered_session: BrokeredSession, user: User, *, direction: str
) -> None:
    """The clipboard was used; `direction` is `in` (to the asset) or `out`. Never its content."""
    record(
        "clipboard.transferred",
        acting_user=user,
        subject=brokered_session,
        brokered_session=brokered_session,
        direction=direction,
    )


@transaction.atomic
def note_error(brokered_session: BrokeredSession, *, what: str) -> None:
    record(
        "session.error",
        subject=brokered_session,
        brokered_session=brokered_session,
        result="failed",
        what=what,
    )


def keep_held_input(session_id: Any, held: list[list[Any]], epoch: int) -> None:
    """What is held down now, where an adopter or a restarted broker finds it."""
    BrokeredSession.objects.live().filter(pk=session_id, lease_epoch=epoch).update(
        held_input=held
    )


def origin_of_start(brokered_session: BrokeredSession) -> Origin:
    """The origin of what the broker does for the person who started the session."""
    factor_at = brokered_session.factor_at
    return Origin(
        address=brokered_session.source_address,
        factor=brokered_session.factor,
        factor_at=factor_at.timestamp() if factor_at else 0.0,
    )
