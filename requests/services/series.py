"""Work that repeats: one decision makes a window for each time; each is on its own then.

Each later time becomes a request of its own, approved by the same decisions, so that every
verb, page and record of a single window holds for it: it is revoked, given back, extended,
worked in and looked back at by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.clock import moment_of_wall_time, plant_time
from accessportal.errors import NotPossible, TooLate
from accessportal.numbers import next_number
from accessportal.origin import Origin
from requests.demanded import demands_on_request
from requests.facts import companions_of, facts_of_request, requested_endpoints
from requests.models import (
    AccessRequest,
    MaintenanceWindow,
    RequestedEndpoint,
    RequestedOccurrence,
    RequestedPerson,
)
from requests.recurrence import times_of
from requests.series import Judged, judged
from requests.wishes import Span
from requests.wording import moment_words

if TYPE_CHECKING:
    from requests.services.submission import Wish

NUMBER_TRIES = 8
JUST_PASSED = timedelta(minutes=5)


def times_of_wish(wish: Wish) -> list[Span]:
    """The times of a wish in order, without those left out; one where nothing repeats.

    Raises `NotPossible` where nothing is left.
    """
    if not wish.recurrence:
        return [Span(wish.wanted_from, wish.wanted_until)]
    zone = wish.site.time_zone
    length = wish.wanted_until - wish.wanted_from
    spans = [
        span
        for span in times_of(
            wish.recurrence, wish.wanted_from, zone, length, wish.extras
        )
        if plant_time(span.start, zone).date() not in wish.skips
    ]
    if not spans:
        raise NotPossible(
            _("Every time is left out. Keep at least one."), code="all_left_out"
        )
    return spans


def keep_occurrences(access_request: AccessRequest, spans: list[Span]) -> None:
    """Write down the times that were asked for."""
    if not access_request.recurrence:
        return
    RequestedOccurrence.objects.bulk_create(
        RequestedOccurrence(
            access_request=access_request, starts_at=span.start, ends_at=span.end
        )
        for span in spans
    )


def guard_times(wish: Wish, judged_times: list[Judged]) -> None:
    """Raises `NotPossible` for the first time that cannot be, named by its day."""
    if not wish.recurrence:
        return
    for one in judged_times:
        if one.against:
            raise NotPossible(
                _("%(time)s: %(why)s Leave this time out.")
                % {
                    "time": moment_words(one.span.start, wish.site.time_zone),
                    "why": one.against,
                },
                code="time_not_possible",
            )


def make_occurrences(
    access_request: AccessRequest,
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
) -> list[MaintenanceWindow]:
    """The windows of the later times of an approved request; in the approval's transaction.

    A time that has become impossible is left out, and says why. Another time of day or
    length, chosen by the approver, holds for all. Raises `NotPossible` for another day.
    """
    rows = list(access_request.occurrences.all())[1:]
    if not rows:
        return []
    spans = _moved(access_request, window, rows)
    endpoints = requested_endpoints(access_request)
    facts = facts_of_request(access_request, viewer=acting_user)
    made = []
    for row, one in zip(
        rows,
        judged(
            facts,
            access_request.site,
            endpoints,
            spans,
            own_request=access_request,
            demands_of=lambda span: demands_on_request(
                access_request, start=span.start, end=span.end
            ),
        ),
        strict=True,
    ):
        if one.against:
            row.left_out = one.against[:500]
            row.save(update_fields=["left_out"])
            continue
        made.append(
            _make(access_request, row, one.span, acting_user=acting_user, origin=origin)
        )
    return made


def on_release_seconds(access_request: AccessRequest) -> int | None:
    """How long the window of a request lasts from its release; None: the clock opens it."""
    minutes = access_request.on_release_minutes
    return None if minutes is None else minutes * 60


def revoke_series(
    access_request: AccessRequest, *, acting_user: User, origin: Origin, reason: str
) -> int:
    """Revoke every window of a series that is not over; how many. No fresh factor.

    Each is an act of its own, with its own line in the trail.
    """
    from requests.services.window import revoke_window

    revoked = 0
    for window in windows_of_series(access_request):
        try:
            revoke_window(window, acting_user=acting_user, origin=origin, reason=reason)
        except TooLate:  # over, or revoked by somebody, meanwhile
            continue
        revoked += 1
    return revoked


def windows_of_series(access_request: AccessRequest) -> list[MaintenanceWindow]:
    """Those that are open or still to come, by time."""
    head = access_request.series_id or access_request.pk
    windows = MaintenanceWindow.objects.not_over().filter(
        access_request__series=head
    ) | MaintenanceWindow.objects.not_over().filter(access_request=head)
    return list(windows.select_related("access_request__site").order_by("opens_at"))


def _moved(
    access_request: AccessRequest,
    window: MaintenanceWindow,
    rows: list[RequestedOccurrence],
) -> list[Span]:
    """The later times, with the time of day and length that the approver gave the first."""
    zone = access_request.site.time_zone
    asked, given = access_request.wanted_from, window.opens_at
    length = window.closes_at - window.opens_at
    if abs(given - asked) <= JUST_PASSED:
        return [Span(row.starts_at, row.starts_at + length) for row in rows]
    wall = _wall(given, zone)
    if wall.date() != _wall(asked, zone).date():
        raise NotPossible(
            _("This repeats: choose another time of the same day, or deny it."),
            code="series_other_day",
        )
    starts = [
        moment_of_wall_time(
            datetime.combine(_wall(row.starts_at, zone).date(), wall.time()), zone
        )
        for row in rows
    ]
    return [Span(start, start + length) for start in starts]


def _wall(moment: datetime, zone: str) -> datetime:
    return plant_time(moment, zone).replace(tzinfo=None)


def _make(
    head: AccessRequest,
    row: RequestedOccurrence,
    span: Span,
    *,
    acting_user: User,
    origin: Origin,
) -> MaintenanceWindow:
    occurrence = _numbered(head, row)
    RequestedEndpoint.objects.bulk_create(
        RequestedEndpoint(access_request=occurrence, endpoint=endpoint)
        for endpoint in requested_endpoints(head)
    )
    RequestedPerson.objects.bulk_create(
        RequestedPerson(access_request=occurrence, user=companion)
        for companion in companions_of(head)
    )
    # The same decisions, for this time too: whoever looks at it finds who decided.
    for row_of_head in (*head.steps.all(), *head.decisions.order_by("pk")):
        row_of_head.pk, row_of_head.access_request = None, occurrence
        row_of_head._state.adding = True
        row_of_head.save(force_insert=True)
    window = MaintenanceWindow.objects.create(
        access_request=occurrence,
        opens_at=span.start,
        closes_at=span.end,
        on_release_seconds=on_release_seconds(head),
    )
    record(
        "window.created",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=occurrence,
        series=head.number,
        opens_at=span.start.isoformat(),
        closes_at=span.end.isoformat(),
    )
    return window


def _numbered(head: AccessRequest, row: RequestedOccurrence) -> AccessRequest:
    """The request of one time. Two at once may take the same number: then the next one."""
    now = timezone.now()
    for _attempt in range(NUMBER_TRIES):
        try:
            with transaction.atomic():
                return AccessRequest.objects.create(
                    number=next_number(AccessRequest.objects.all(), "REQ", now),
                    series=head,
                    site=head.site,
                    requested_by=head.requested_by,
                    vendor=head.vendor,
                    permission=head.permission,
                    clipboard_in=head.clipboard_in,
                    clipboard_out=head.clipboard_out,
                    purpose=head.purpose,
                    work_order=head.work_order,
                    wanted_from=row.starts_at,
                    wanted_until=row.ends_at,
                    state=AccessRequest.State.APPROVED,
                    submitted_at=head.submitted_at,
                    closed_at=now,
                    closed_by=head.closed_by,
                    close_reason=head.close_reason,
                    on_release_minutes=head.on_release_minutes,
                    tolerance_minutes=head.tolerance_minutes,
                    policy=head.policy,
                    demands=head.demands,
                    round=head.round,
                    attendance_required=head.attendance_required,
                )
        except IntegrityError:
            continue
    raise TooLate
