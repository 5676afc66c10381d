"""Who sees alerts, and who is told of them: IT security."""

from __future__ import annotations

from django.db import models

from accessportal.accounts.authorisation import Action, may, people_who_may
from accessportal.accounts.models import User
from accessportal.alerts.models import SecurityAlert, SecurityAlertQuerySet
from accessportal.errors import NotAllowed
from accessportal.known import known


def alerts_visible_to(user: User) -> SecurityAlertQuerySet:
    """All alerts: they are about people and addresses, not about a site. Raises `NotAllowed`."""
    if not may(user, Action.ALERT_HANDLE):
        raise NotAllowed
    return SecurityAlert.objects.all().select_related("acknowledged_by")


def alert_to_handle(user: User, pk: int) -> SecurityAlert:
    """One alert. Raises `NotAllowed` or `NotKnown`."""
    return known(alerts_visible_to(user).filter(pk=pk))


def people_to_alert() -> models.QuerySet[User]:
    """Whoever may handle alerts is told of them."""
    return people_who_may(Action.ALERT_HANDLE, None)
