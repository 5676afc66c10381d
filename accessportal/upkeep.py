"""What the portal does with accounts by itself: it warns, it ends, and it tells people in time."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone, translation
from django.utils.dateformat import format as date_format
from django.utils.translation import pgettext

from accessportal.accounts.models import User
from accessportal.accounts.parking import is_parked
from accessportal.accounts.services.lapsing import Round, look_after_unused
from accessportal.notifications import notify
from accessportal.notifications.models import Notification
from accessportal.readiness import Check, what_lapses
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession

READY = "account.ready"


def look_after_accounts() -> Round:
    """Warn of, and end, accesses that should not be there; nobody's who is at work."""
    return look_after_unused(at_work=people_at_work())


def people_at_work() -> set[int]:
    """Ids of those with an open window or in a live session: nothing ends under their hands."""
    windows = MaintenanceWindow.objects.open()
    live = BrokeredSession.objects.live()
    return {
        *windows.values_list("access_request__requested_by", flat=True),
        *windows.filter(access_request__companions__isnull=False).values_list(
            "access_request__companions", flat=True
        ),
        *live.values_list("started_by", flat=True),
        *live.filter(
            participants__isnull=False, participants__left_at__isnull=True
        ).values_list("participants__user", flat=True),
    }


def tell_who_is_not_ready() -> int:
    """Mail everybody for whom something lapses soon, once in a month; returns how many.

    A parked account is not reminded: nothing is asked of whoever does not come.
    """
    now = timezone.now()
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    told = Notification.objects.filter(kind=READY, created_at__gte=month)
    people = User.objects.active(at=now).exclude(
        pk__in=told.values_list("recipient", flat=True)
    )
    count = 0
    for person in people.select_related("vendor__sponsor"):
        if person.last_login is None or is_parked(person, at=now):
            continue
        with translation.override(person.language):
            checks = what_lapses(person, at=now)
            lines = "\n".join(_line(check) for check in checks)
        if not checks:
            continue
        with transaction.atomic():
            notify(
                [person], READY, path="/account/ready/", count=len(checks), list=lines
            )
        count += 1
    return count


def _line(check: Check) -> str:
    day = (
        " " + date_format(check.moment, pgettext("date format", "D j M Y"))
        if check.moment is not None
        else ""
    )
    return f"- {check.title}{day}. {check.advice}"
