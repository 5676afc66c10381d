"""A contractor gives a window back that is not needed (any more)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, TooLate
from accessportal.origin import Origin
from requests.models import MaintenanceWindow
from requests.services.common import tell_of_window
from requests.services.window import guard_not_over, locked_window, send_revoked


@transaction.atomic
def give_window_back(
    window: MaintenanceWindow, *, acting_user: User, origin: Origin, reason: str = ""
) -> MaintenanceWindow:
    """One's own window, open or still to come; a session in it ends. Needs no reason.

    The machine is free for others from this moment. Raises `NotAllowed`, `TooLate`.
    """
    window = locked_window(window)
    access_request, reason = window.access_request, reason.strip()

    if access_request.requested_by_id != acting_user.pk:
        raise NotAllowed
    guard_not_over(window)

    now, words = timezone.now(), reason or _("Not needed any more.")
    changed = MaintenanceWindow.objects.filter(
        pk=window.pk, revoked_at__isnull=True
    ).update(revoked_at=now, revoked_by=acting_user, revoke_reason=words)
    if changed != 1:
        raise TooLate
    window.revoked_at, window.revoked_by, window.revoke_reason = now, acting_user, words

    record(
        "window.released",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=words,
    )

    tell_of_window(
        window,
        people_who_may(Action.REQUEST_DECIDE, access_request.site),
        "window.released",
        about=("requests", "windows"),
        reason=reason,
    )
    transaction.on_commit(lambda: send_revoked(window, acting_user, words))
    return window
