"""By which way each kind goes out: what is proposed, what a person chose, what is fixed.

Kinds come in groups, or nobody would go through the list. Mail about one's own account and
about security always goes out; a code or a link that opens something is never pushed.
Quiet hours hold a push back until they are over; an emergency and an alarm of a live session
break them. Somebody without a device that takes a push is mailed, whatever they chose, and
so is somebody whose push could not be delivered: nothing is missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import models
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import User
from accessportal.notifications.models import (
    Delivery,
    NotificationWishes,
    PushDevice,
)

Channel = Delivery.Channel


class Group(models.TextChoices):
    REQUESTS = "requests", _("Requests, decisions and windows")
    LIVE = "live", _("Sessions that are running")
    EVIDENCE = "evidence", _("Recordings and reviews")
    SECURITY = "security", _("Security and lent rights")
    ACCOUNT = "account", _("Accounts, people and dates")


GROUP_OF = {
    "session": Group.LIVE,
    "desktop": Group.LIVE,
    "recording": Group.EVIDENCE,
    "review": Group.EVIDENCE,
    "alert": Group.SECURITY,
    "break_glass": Group.SECURITY,
    "escort": Group.SECURITY,
    "override": Group.SECURITY,
    "delegation": Group.SECURITY,
    "account": Group.ACCOUNT,
    "attestation": Group.ACCOUNT,
    "coordinator": Group.ACCOUNT,
    "expiry": Group.ACCOUNT,
    "invitation": Group.ACCOUNT,
    "leaver": Group.ACCOUNT,
    "person": Group.ACCOUNT,
}
"""By the first word of a kind's name; all others are about requests and windows."""

ALWAYS_MAILED = frozenset({Group.SECURITY, Group.ACCOUNT})
PUSHED_UNLESS_CHOSEN = frozenset({Group.REQUESTS, Group.LIVE, Group.SECURITY})

NEVER_PUSHED = frozenset(
    {
        "account.mailbox_code",
        "account.renewal_code",
        "account.password_reset",
        "account.password_reset_no_factor",
        "account.password_of_directory",
        "invitation",
        "invitation.colleague",
    }
)

URGENT = frozenset(
    {
        "alert.raised",
        "break_glass.used",
        "escort.entered",
        "escort.offered",
        "escort.voided",
        "recording.failed",
        "session.attendance.due",
        "session.charge.offered",
        "session.charge.vacant",
        "session.critical_step.declared",
        "session.end.unconfirmed",
        "session.unusual",
        "session.warned",
        "window.extension.requested",
        "window.wish.asked",
        "window.wish.escalated",
    }
)
"""Somebody is at a machine, or should look at once: quiet hours do not hold these back."""


@dataclass(frozen=True)
class Way:
    """One delivery to make: by which channel, to which device, and not before when."""

    channel: str
    device: PushDevice | None = None
    not_before: datetime | None = None


@dataclass(frozen=True)
class Ringing:
    """Whom a roster says to ring: those on shift at once, whatever their quiet hours; the
    others (`mail_only`) by mail. By the people's ids; who is in neither is told as ever."""

    at_once: frozenset[int] = frozenset()
    mail_only: frozenset[int] = frozenset()


def group_of(kind: str) -> Group:
    return GROUP_OF.get(kind.split(".")[0], Group.REQUESTS)


def is_urgent(kind: str) -> bool:
    return kind in URGENT or "emergency" in kind


def wants(wishes: NotificationWishes | None, group: Group, channel: str) -> bool:
    """What the person chose for this group and channel, or what is proposed."""
    if channel == Channel.MAIL and group in ALWAYS_MAILED:
        return True
    proposed = channel == Channel.MAIL or group in PUSHED_UNLESS_CHOSEN
    chosen = wishes.chosen if wishes is not None else {}
    return bool(chosen.get(f"{group}.{channel}", proposed))


def ways_for(
    person: User,
    kind: str,
    *,
    wishes: NotificationWishes | None,
    devices: list[PushDevice],
    at: datetime,
    at_once: bool = False,
) -> list[Way]:
    """How `kind` goes out to `person`; at least one way. `at_once`: no quiet hours now."""
    group = group_of(kind)
    ways = []
    if kind not in NEVER_PUSHED and wants(wishes, group, Channel.PUSH):
        rings = at_once or is_urgent(kind)
        wait = None if rings else quiet_until(person, wishes, at=at)
        ways = [Way(Channel.PUSH, device, wait) for device in devices]
    if not ways or wants(wishes, group, Channel.MAIL):
        ways.insert(0, Way(Channel.MAIL))
    return ways


def quiet_until(
    person: User, wishes: NotificationWishes | None, *, at: datetime
) -> datetime | None:
    """The end of the quiet hours that `at` is in; None outside of them."""
    if wishes is None or wishes.quiet_from is None or wishes.quiet_until is None:
        return None
    try:
        zone = ZoneInfo(person.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    local = at.astimezone(zone)
    now, begin, end = local.time(), wishes.quiet_from, wishes.quiet_until
    past_midnight = begin > end
    inside = now >= begin or now < end if past_midnight else begin <= now < end
    if not inside:
        return None
    day = local.date()
    if past_midnight and now >= begin:
        day += timedelta(days=1)
    # Wall time: the night of a clock change ends when the clock on the wall says so.
    return datetime.combine(day, end, tzinfo=zone)
