"""What a person wishes to be told, by which way, and when the phone is to be still."""

from __future__ import annotations

from datetime import time

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal import audit
from accessportal.accounts.middleware import is_persons_act
from accessportal.accounts.models import User
from accessportal.errors import NotPossible
from accessportal.notifications.channels import ALWAYS_MAILED, Channel, Group
from accessportal.notifications.models import Notification, NotificationWishes
from accessportal.origin import Origin


def choices() -> list[tuple[Group, str]]:
    """Everything that can be chosen: (group, channel)."""
    return [
        (group, channel)
        for group in Group
        for channel in Channel.values
        if channel != Channel.MAIL or group not in ALWAYS_MAILED
    ]


def wishes_of(person: User) -> NotificationWishes | None:
    return NotificationWishes.objects.filter(user=person).first()


@transaction.atomic
def save_wishes(
    *,
    acting_user: User,
    chosen: dict[str, bool],
    quiet_from: time | None,
    quiet_until: time | None,
    origin: Origin,
) -> NotificationWishes:
    """Keep one's own wishes. `chosen`: "group.channel" to yes or no.

    Raises `NotPossible` for quiet hours without an end, or of no length.
    """
    if (quiet_from is None) != (quiet_until is None) or (
        quiet_from is not None and quiet_from == quiet_until
    ):
        raise NotPossible(
            _("Quiet hours need a begin and another end, or neither."),
            code="quiet_hours_malformed",
        )
    possible = {f"{group}.{channel}" for group, channel in choices()}
    chosen = {name: bool(yes) for name, yes in chosen.items() if name in possible}

    wishes, _created = NotificationWishes.objects.update_or_create(
        user=acting_user,
        defaults={
            "chosen": chosen,
            "quiet_from": quiet_from,
            "quiet_until": quiet_until,
        },
    )

    audit.record(
        "notification.wishes.changed",
        acting_user=acting_user,
        subject=acting_user,
        origin=origin,
        not_wanted=sorted(name for name, yes in chosen.items() if not yes),
        quiet=f"{quiet_from:%H:%M}-{quiet_until:%H:%M}"
        if quiet_from is not None and quiet_until is not None
        else "",
    )
    return wishes


def note_seen(request: HttpRequest, number: str) -> None:
    """The person looks at what they were told of: the request with this number. What an open
    page fetches by itself is nobody's look."""
    unread = Notification.objects.unread().filter(
        recipient=request.user.pk, about=number
    )
    if is_persons_act(request) and unread.exists():
        unread.update(read_at=timezone.now())
