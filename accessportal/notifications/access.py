"""Guarded fetches: 404 for what one may not know."""

from __future__ import annotations

from accessportal.accounts.models import User
from accessportal.errors import NotKnown
from accessportal.notifications.models import PushDevice


def own_push_device(user: User, pk: int) -> PushDevice:
    """One of the person's own devices."""
    found = PushDevice.objects.select_related("user").filter(user=user, pk=pk).first()
    if found is None:
        raise NotKnown
    return found
