"""Report R7: whose access was taken away in a span of days, as a page, a print-out, a file."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal import audit
from accessportal.accounts.dates import first_minute_of
from accessportal.accounts.models import User
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited
from sessions.access_departures import revocations_readable_by
from sessions.revocation_report import as_csv
from sessions.revocations import Kind, Revocation, revocations

USUAL_DAYS = 30
MOST_DAYS = 366
MOST_ROWS = 500
"""On the page; the file has all."""


@never_cache
@require_GET
def revocation_list(request: HttpRequest) -> HttpResponse:
    """From the day `from` to the day `until`; `kind`: only these."""
    user: User = request.user  # type: ignore[assignment]
    rows, asked = _asked(user, request.GET)
    late = sum(one.in_time is False for one in rows)
    context = {
        "rows": rows[:MOST_ROWS],
        "more": max(0, len(rows) - MOST_ROWS),
        "count": len(rows),
        "late": late,
        "late_said": ngettext("%(count)d late", "%(count)d late", late)
        % {"count": late},
        "asked": asked,
        "kinds": Kind.choices,
        "now": timezone.now(),
        "reader": user,
    }
    return render(request, "sessions/revocation_list.html", context)


@rate_limited("export", times=20, seconds=600, methods=("POST",))
@require_POST
def revocation_export(request: HttpRequest) -> HttpResponse:
    """The same as CSV; that it was exported is evidence."""
    user: User = request.user  # type: ignore[assignment]
    rows, asked = _asked(user, request.POST)
    audit.record(
        "revocations.exported",
        acting_user=user,
        origin=origin_of(request),
        filter=asked,
        rows=len(rows),
    )
    response = HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
    name = f"revocations-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _asked(user: User, given: QueryDict) -> tuple[list[Revocation], dict[str, str]]:
    """The rows, and what they were asked for by: at most a year of days, the last 30 unless
    others are named."""
    until = _day(given.get("until", "")) or timezone.localdate()
    since = _day(given.get("from", "")) or until - timedelta(days=USUAL_DAYS)
    since = min(max(since, until - timedelta(days=MOST_DAYS)), until)
    kind = given.get("kind", "")
    rows = revocations_readable_by(
        user,
        revocations(first_minute_of(since), first_minute_of(until + timedelta(days=1))),
    )
    asked = {"from": since.isoformat(), "until": until.isoformat()}
    if kind in Kind.values:
        rows, asked["kind"] = [one for one in rows if one.kind == kind], kind
    return rows, asked


def _day(typed: str) -> date | None:
    """A day that was typed; None for nothing, for no day, and for one of another century."""
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None
