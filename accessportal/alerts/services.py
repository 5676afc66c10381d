"""Acknowledging an alert: somebody has looked, and says so."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accessportal import audit
from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.alerts.models import SecurityAlert
from accessportal.errors import NotAllowed, TooLate
from accessportal.origin import Origin


@transaction.atomic
def acknowledge_alert(
    alert: SecurityAlert, *, acting_user: User, reason: str, origin: Origin
) -> None:
    """Close the burst; the next event of its kind opens another. Raises `TooLate`."""
    if not may(acting_user, Action.ALERT_HANDLE):
        raise NotAllowed

    changed = (
        SecurityAlert.objects.open()
        .filter(pk=alert.pk)
        .update(
            acknowledged_at=timezone.now(),
            acknowledged_by=acting_user,
            acknowledged_reason=reason[:500],
        )
    )
    if changed != 1:
        raise TooLate

    audit.record(
        "alert.acknowledged",
        acting_user=acting_user,
        subject=alert,
        origin=origin,
        reason=reason,
        rule=alert.rule,
        count=alert.count,
    )
