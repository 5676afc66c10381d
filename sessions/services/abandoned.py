"""Sessions whose broker is dead: the sweep ends them, frees their place, says so.

A living broker looks after its own and renews their leases; this is for the rest.
"""

from __future__ import annotations

import time
from datetime import timedelta

from asgiref.sync import async_to_sync
from django.db import models
from django.utils import timezone

from accessportal.errors import TooLate
from sessions.models import BrokeredSession, TunnelTicket
from sessions.services.adoption import ADOPTION_SECONDS, reason_of_end
from sessions.services.leases import lapsed
from sessions.services.lifecycle import confirm_end, end_session
from sessions.services.session_rows import session_rows

EndReason = BrokeredSession.EndReason

TICKETS_KEPT = timedelta(days=1)

GRACE_SECONDS = 3 * ADOPTION_SECONDS

CONNECT_SECONDS = 60
"""A session that no broker took up for this long will not be connected any more."""


def end_abandoned_sessions(patience: float = 0.0) -> int:
    """End every live session without a living broker, prove what can be proven; how many ended.

    patience: seconds. The database may have been away, and then every lease is over;
    whoever lives renews in that time.
    """
    if patience and _without_a_broker().exists():
        time.sleep(patience)
    ended = 0
    for brokered_session in session_rows(_without_a_broker()):
        try:
            end_session(brokered_session, **reason_of_end(brokered_session))
        except TooLate:
            continue
        ended += 1
    now = timezone.now()
    unproven = BrokeredSession.objects.filter(
        ended_at__lt=now - timedelta(seconds=GRACE_SECONDS), slot__isnull=False
    )
    for brokered_session in session_rows(unproven):
        _prove(brokered_session)
    TunnelTicket.objects.filter(expires_at__lt=now - TICKETS_KEPT).delete()
    return ended


def _without_a_broker() -> models.QuerySet[BrokeredSession]:
    """Live, and no broker of the fleet has cleared up in its time."""
    unclaimed = models.Q(
        lease_expires_at__isnull=True,
        requested_at__lt=timezone.now() - timedelta(seconds=CONNECT_SECONDS),
    )
    live = BrokeredSession.objects.filter(state__in=BrokeredSession.LIVE)
    return live.filter(lapsed(for_seconds=GRACE_SECONDS) | unclaimed)


def _prove(brokered_session: BrokeredSession) -> None:
    # Imported late: the broker's modules need an event loop's libraries, services do not.
    from sessions.broker.proof import (
        AssetLine,
        gather_proof,
        sessions_on_the_same_asset,
    )
    from sessions.broker.upstream import guacd_address

    proven, found = async_to_sync(gather_proof)(
        guacd_address(brokered_session.guacd_address),
        brokered_session.guacd_connection_id,
        AssetLine.of(brokered_session),
        others=sessions_on_the_same_asset(brokered_session),
    )
    if proven:
        confirm_end(brokered_session, proof=found)
