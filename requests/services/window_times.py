"""From when until when the window of an approval is."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from requests.models import AccessRequest
from requests.services.common import guard_no_emergency

# How long ago a start may be to mean "at once".
JUST_PASSED = timedelta(minutes=5)


def span_of_window(
    access_request: AccessRequest,
    opens_at: datetime | None,
    closes_at: datetime | None,
) -> tuple[datetime, datetime]:
    now = timezone.now()
    if access_request.emergency_at is not None:
        return _emergency_span(access_request, opens_at or closes_at, now)
    start = _start_of_window(opens_at or access_request.wanted_from, now)
    return start, closes_at or access_request.wanted_until


def _start_of_window(start: datetime, now: datetime) -> datetime:
    """A start that passed while the approver typed a code means "at once", not "too late"."""
    if now - JUST_PASSED < start <= now:
        return now + timedelta(seconds=1)
    return start


def _emergency_span(
    access_request: AccessRequest, other_time: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """From now, for as long as was asked. Raises `NotPossible` for any other time."""
    if other_time is not None:
        guard_no_emergency(access_request)
    return now, now + (access_request.wanted_until - access_request.wanted_from)
