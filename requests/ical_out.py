"""Windows as iCalendar (RFC 5545): times in UTC, one event each, nothing that is not needed.

What is written: the machines and the company, the site, the request's number and a link
to it. Neither names of people nor purposes: a calendar of a plant has many readers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar, Event

from accessportal.accounts.models import User
from requests.models import MaintenanceWindow

BACK = timedelta(days=31)
AHEAD = timedelta(days=400)
AT_MOST = 2000
"""So many windows are in a feed, the latest of them first to stay."""


def windows_of_feed(user: User) -> list[MaintenanceWindow]:
    """What `user` may see, from a month ago to somewhat over a year ahead."""
    now = timezone.now()
    rows = (
        MaintenanceWindow.objects.visible_to(user)
        .filter(closes_at__gt=now - BACK, opens_at__lt=now + AHEAD)
        .select_related("access_request__site", "access_request__vendor")
        .prefetch_related("access_request__endpoints__asset")
        .annotate(decided_at=Max("access_request__decisions__decided_at"))
        .order_by("-opens_at")
    )
    return list(rows[:AT_MOST])


def calendar_of(windows: Iterable[MaintenanceWindow], name: str) -> bytes:
    """The calendar as bytes: lines of at most 75 octets, ended by CR LF."""
    calendar = Calendar()
    calendar.add("prodid", "-//Access Portal//Maintenance windows//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(minutes=30), {"VALUE": "DURATION"})
    calendar.add("x-published-ttl", timedelta(minutes=30))
    for window in windows:
        calendar.add_component(_event(window))
    text: bytes = calendar.to_ical()
    return text


def _event(window: MaintenanceWindow) -> Event:
    access_request = window.access_request
    assets = sorted({one.asset.name for one in access_request.endpoints.all()})
    changed = _changed_at(window)
    revoked = window.revoked_at is not None
    event = Event()
    event.add("uid", f"window-{window.pk}@{urlsplit(settings.PUBLIC_URL).hostname}")
    event.add("dtstamp", changed)
    event.add("created", _whole(window.created_at))
    event.add("last-modified", changed)
    # It only ever grows: each change of a window is later than the one before, and a window that
    # waits 30 minutes longer leaves no moment, but those minutes.
    later = int((changed - _whole(window.created_at)).total_seconds())
    event.add("sequence", later + window.postponed_minutes)
    event.add("dtstart", _whole(window.opens_at))
    event.add("dtend", _whole(window.closes_at))
    event.add("summary", f"{', '.join(assets)} · {access_request.vendor.name}")
    event.add("location", access_request.site.name)
    event.add("description", access_request.number)
    path = reverse("requests:detail", args=[access_request.number])
    event.add("url", f"{settings.PUBLIC_URL}{path}")
    event.add("status", "CANCELLED" if revoked else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if revoked else "OPAQUE")
    return event


def _changed_at(window: MaintenanceWindow) -> datetime:
    """The latest of what changes a window: a decision, its release or recall, its revocation,
    a confirmation."""
    moments = (
        window.created_at,
        window.revoked_at,
        window.reconfirmed_at,
        window.released_at,
        window.recalled_at,
        getattr(window, "decided_at", None),
    )
    return _whole(max(moment for moment in moments if moment is not None))


def _whole(moment: datetime) -> datetime:
    """In UTC, and without parts of a second, which iCalendar cannot say."""
    return moment.astimezone(UTC).replace(microsecond=0)
