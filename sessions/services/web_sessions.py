"""Live sessions on machines and the web sessions they hang on (decision 0045)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accessportal.accounts.models import User, WebSession
from accessportal.audit import record
from accessportal.origin import web_session_ref
from sessions.models import BrokeredSession, Participant


def works_in(key: str) -> bool:
    """Whether somebody of this web session is in a console, or was a moment ago."""
    lately = timezone.now() - timedelta(seconds=settings.SHARED_IDLE_SECONDS)
    return (
        bool(key)
        and Participant.objects.filter(
            Q(left_at__isnull=True) | Q(left_at__gt=lately),
            web_session_key=key,
            brokered_session__in=BrokeredSession.objects.live(),
        ).exists()
    )


@transaction.atomic
def hold_for_return(user: User, key: str) -> int:
    """Let go of a web session that ends: its live work waits for the person, held as it is.

    Everything else that ends a session still does: its window, a revocation, the time for
    which a machine may be held. Returns how many sessions wait.
    """
    own = BrokeredSession.objects.live().filter(started_by=user, web_session_key=key)
    rows = list(own.select_related("window__access_request")) if key else []
    for row in rows:
        row.web_session_key = ""
        row.save(update_fields=["web_session_key"])
        record(
            "session.laid_down",
            acting_user=user,
            subject=row,
            brokered_session=row,
            former_web_session=web_session_ref(key),
        )
    return len(rows)


def take_up(brokered_session: BrokeredSession, *, key: str) -> None:
    """Its person is back, in another web session: the work hangs on that one from now on."""
    BrokeredSession.objects.filter(pk=brokered_session.pk, web_session_key="").update(
        web_session_key=key
    )


def on_shared_computer(key: str) -> bool:
    """Whether a web session was begun as one of a shared computer."""
    return bool(key) and WebSession.objects.filter(key=key, shared=True).exists()


def away_for(brokered_session: BrokeredSession, user: User, key: str) -> float:
    """Seconds since this person's console of this web session was left; 0.0 while it is there,
    or when it never was."""
    last = (
        Participant.objects.filter(
            brokered_session=brokered_session, user=user, web_session_key=key
        )
        .order_by("joined_at")
        .last()
    )
    if last is None or last.left_at is None:
        return 0.0
    return (timezone.now() - last.left_at).total_seconds()
