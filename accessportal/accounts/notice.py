"""The notice that everything is recorded: its version, and who has accepted it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accessportal import audit
from accessportal.accounts.models import NoticeAcceptance, User
from accessportal.origin import Origin

NOTICE_VERSION = "2026-1"
"""Of `templates/accounts/notice_text.html` and `templates/sessions/start_notice.html`.

Whoever changes the meaning of either raises it: everybody is asked again, at the next
sign-in or start.
"""


def notice_is_due(user: User) -> bool:
    """Whether this person works for a vendor and has not accepted the present version."""
    return (
        user.vendor_id is not None
        and not NoticeAcceptance.objects.filter(
            user=user, version=NOTICE_VERSION
        ).exists()
    )


@transaction.atomic
def accept_notice(*, acting_user: User, version: str, origin: Origin) -> None:
    """Keep that somebody accepted the notice outside of a session; said once per version."""
    if note_acceptance(acting_user, version):
        audit.record(
            "notice.accepted",
            acting_user=acting_user,
            subject=acting_user,
            origin=origin,
            version=version,
        )


def note_acceptance(user: User, version: str) -> bool:
    """Keep that this version was accepted, within the caller's transaction; whether it is new."""
    _row, new = NoticeAcceptance.objects.get_or_create(
        user=user, version=version, defaults={"accepted_at": timezone.now()}
    )
    return new
