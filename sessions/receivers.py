"""What this app does on the word of the apps below it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accessportal.accounts.models import User
from accessportal.errors import TooLate
from requests.models import MaintenanceWindow
from requests.signals import window_revoked
from sessions.models import BrokeredSession
from sessions.services.console import request_end


@receiver(window_revoked, dispatch_uid="sessions.end_sessions_of_revoked_window")
def end_sessions_of_revoked_window(
    sender: Any, *, window: MaintenanceWindow, acting_user: User | None, **kwargs: Any
) -> None:
    """A revoked window ends its sessions at once; the actors' tick would find it, too."""
    for brokered_session in BrokeredSession.objects.live().filter(window=window):
        try:
            request_end(
                brokered_session,
                acting_user=None,
                reason=BrokeredSession.EndReason.WINDOW_REVOKED,
                note=window.revoke_reason,
            )
        except TooLate:
            continue
