"""Reporting a leaver, and what it took: the minutes from the report to the proof."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal import audit
from accessportal.accounts.access import leaver_reportable_by
from accessportal.accounts.dates import first_minute_of
from accessportal.accounts.models import User
from accessportal.accounts.vendor_rights import may_vouch
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited
from sessions.access_departures import (
    departure_confirmable_by,
    departure_visible_to,
    departures_reportable_by,
    departures_visible_to,
    reads_revocations,
)
from sessions.departure_report import as_csv
from sessions.models import Departure
from sessions.services.departures import acknowledge_departure, report_leaver

PAGE_SIZE = 25


@never_cache
@require_GET
def departure_list(request: HttpRequest) -> HttpResponse:
    """All departures, newest first: search `q` by person or company, `state`, `page`."""
    user: User = request.user  # type: ignore[assignment]
    rows, filters = _filtered(departures_visible_to(user), request.GET)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "filters": filters,
        "of_plant": user.vendor_id is None,
        "reads_revocations": reads_revocations(user),
    }
    return render(request, "sessions/departure_list.html", context)


@rate_limited("export", times=20, seconds=600, methods=("POST",))
@require_POST
def departure_export(request: HttpRequest) -> HttpResponse:
    """What the filter shows, as CSV; that it was exported is evidence."""
    user: User = request.user  # type: ignore[assignment]
    rows, filters = _filtered(departures_reportable_by(user), request.POST)
    departures = list(rows)
    audit.record(
        "departures.exported",
        acting_user=user,
        origin=origin_of(request),
        filter=filters,
        rows=len(departures),
    )
    response = HttpResponse(as_csv(departures), content_type="text/csv; charset=utf-8")
    name = f"departures-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


@never_cache
@require_GET
def departure(request: HttpRequest, number: str) -> HttpResponse:
    """What was taken away, session by session, and how long it took."""
    user: User = request.user  # type: ignore[assignment]
    found = departure_visible_to(user, number)
    context = {
        "departure": found,
        "rows": found.sessions.select_related("endpoint__asset__zone__site").order_by(
            "requested_at"
        ),
        "may_confirm": found.acknowledged_at is None and may_vouch(user, found.vendor),
        "of_plant": user.vendor_id is None,
    }
    return render(request, "sessions/departure.html", context)


@require_POST
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends everything of this person at once. No fresh factor: stopping is fast."""
    user: User = request.user  # type: ignore[assignment]
    made: Departure = report_leaver(
        leaver_reportable_by(user, pk),
        acting_user=user,
        origin=origin_of(request),
        left_at=_left_at(request.POST.get("left_on", "")),
        note=request.POST.get("reason", ""),
    )
    messages.success(
        request, _("The access of %(person)s has ended.") % {"person": made.person}
    )
    return redirect("departures:detail", made.number)


@require_POST
def confirm(request: HttpRequest, number: str) -> HttpResponse:
    """The sponsor agrees that the person is off the list."""
    user: User = request.user  # type: ignore[assignment]
    acknowledge_departure(
        departure_confirmable_by(user, number),
        acting_user=user,
        origin=origin_of(request),
    )
    messages.success(request, _("Thank you. This departure is confirmed."))
    return redirect("departures:detail", number)


def _filtered(
    rows: QuerySet[Departure], asked: QueryDict
) -> tuple[QuerySet[Departure], dict[str, str]]:
    """The departures that are asked for, newest first, and by which filters."""
    # PostgreSQL refuses NUL in a text; nobody types one on purpose.
    search = asked.get("q", "").replace("\x00", "").strip()[:200]
    state = asked.get("state", "")
    if search:
        rows = rows.filter(
            Q(person__full_name__icontains=search) | Q(vendor__name__icontains=search)
        )
    if state == "open":
        rows = rows.open()  # type: ignore[attr-defined]
    elif state == "unconfirmed":
        rows = rows.filter(acknowledged_at__isnull=True)
    else:
        state = ""
    rows = rows.annotate(session_count=Count("sessions")).order_by("-reported_at")
    said = {"q": search, "state": state}
    return rows, {name: value for name, value in said.items() if value}


def _left_at(typed: str) -> datetime | None:
    """The beginning of the day that was typed; None for today or nothing."""
    if not typed.strip():
        return None
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        raise NotPossible(
            _("This is not a day. Write it like 2026-03-10."), code="not_a_day"
        ) from None
    return None if day == timezone.localdate() else first_minute_of(day)
