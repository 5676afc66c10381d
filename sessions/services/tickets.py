"""One-use tickets by which a signed-in browser's WebSocket gets into the tunnel (SR 3.8)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotYet, PortalError
from accessportal.origin import Origin
from sessions.companions import why_not_welcome
from sessions.models import BrokeredSession, Participant, TunnelTicket, Vantage
from sessions.services.leases import lapsed
from sessions.services.live_session import locked, refuse_when_over, role_of


@dataclass(frozen=True)
class IssuedTicket:
    """A one-use ticket in plain text, shown once, and where to go with it."""

    path: str
    token: str
    expires_at: datetime


def issue_ticket(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    web_session_key: str,
    vantage: str = Vantage.CONSOLE,
) -> IssuedTicket:
    """A ticket for one WebSocket of this person in this web session, valid `TICKET_SECONDS`.

    The contractor gets one to work, a person of the plant one to watch: from a console, or
    for the small picture on the live board.
    """
    with transaction.atomic():
        issued = _issue(brokered_session, acting_user, origin, web_session_key, vantage)
    # Raised here, not inside: what policy said of a companion is kept.
    if isinstance(issued, PortalError):
        raise issued
    return issued


def _issue(
    brokered_session: BrokeredSession,
    acting_user: User,
    origin: Origin,
    web_session_key: str,
    vantage: str,
) -> IssuedTicket | PortalError:
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    role = role_of(acting_user, brokered_session)
    if not web_session_key:
        raise NotAllowed
    if role == Participant.Role.COMPANION:
        refused = why_not_welcome(
            brokered_session.pk,
            acting_user,
            origin=origin,
            web_session_key=web_session_key,
        )
        if refused is not None:
            return refused

    if BrokeredSession.objects.filter(lapsed(), pk=brokered_session.pk).exists():
        raise NotYet(
            _("Another process takes the session over. A moment, please."),
            code="broker_changing",
        )

    token = secrets.token_urlsafe(32)
    now = timezone.now()
    TunnelTicket.objects.create(
        token_hash=ticket_hash(token),
        brokered_session=brokered_session,
        user=acting_user,
        role=role,
        vantage=vantage if role == Participant.Role.OBSERVER else Vantage.CONSOLE,
        web_session_key=web_session_key,
        source_address=origin.address,
        expires_at=now + timedelta(seconds=settings.TICKET_SECONDS),
    )
    return IssuedTicket(
        path=f"/tunnel/{brokered_session.broker}/",
        token=token,
        expires_at=now + timedelta(seconds=settings.TICKET_SECONDS),
    )


@transaction.atomic
def use_ticket(token: str, *, acting_user: User, web_session_key: str) -> TunnelTicket:
    """Use a ticket up, once: one conditional UPDATE. Raises `NotAllowed`."""
    now = timezone.now()
    fitting = TunnelTicket.objects.filter(
        token_hash=ticket_hash(token),
        user=acting_user,
        web_session_key=web_session_key,
        used_at__isnull=True,
        expires_at__gt=now,
    )
    if not web_session_key or fitting.update(used_at=now) != 1:
        raise NotAllowed(
            _("This way in was used already or is too old."), code="ticket_refused"
        )
    return TunnelTicket.objects.select_related("brokered_session", "user__vendor").get(
        token_hash=ticket_hash(token)
    )


@transaction.atomic
def note_refused_ticket(*, acting_user: User, origin: Origin) -> None:
    """A ticket that was used before, is too old, or was made for somebody else."""
    record(
        "auth.token.rejected",
        acting_user=acting_user,
        origin=origin,
        result="refused",
        kind="tunnel ticket",
    )


def ticket_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
