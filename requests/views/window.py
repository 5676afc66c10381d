"""Windows: the list, the week in site time, and what can be done with one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.clock import plant_time
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.plants.models import ProductionFreeze, Site
from requests.access import (
    extension_decidable_by,
    sites_seen_by,
    window_revocable_by,
    window_usable_by,
)
from requests.listing import (
    WINDOW_SORTS,
    chosen_site,
    filtered_windows,
    page_of,
    sorted_by,
)
from requests.models import MaintenanceWindow
from requests.services.window import (
    grant_extension,
    refuse_extension,
    request_extension,
    revoke_window,
)


@require_GET
def window_list(request: HttpRequest) -> HttpResponse:
    """`?view=week&week=2026-W11&site=north` is the calendar; otherwise the list."""
    if request.GET.get("view") == "week":
        return _week(request)
    user: User = request.user  # type: ignore[assignment]
    sites = sites_seen_by(user)
    rows = sorted_by(
        filtered_windows(
            MaintenanceWindow.objects.visible_to(user), request.GET, sites
        ),
        request.GET.get("sort", ""),
        WINDOW_SORTS,
        "-opens_at",
    )
    rows = rows.select_related(
        "access_request__site", "access_request__vendor", "access_request__requested_by"
    ).prefetch_related("access_request__endpoints__asset")
    context = {
        "page": page_of(rows, request.GET),
        "sites": sites,
        "phases": MaintenanceWindow.Phase.choices,
        "of_the_plant": user.vendor_id is None,
    }
    return render(request, "requests/window_list.html", context)


def _week(request: HttpRequest) -> HttpResponse:
    """Seven days of one site, in its own time."""
    user: User = request.user  # type: ignore[assignment]
    sites = sites_seen_by(user)
    site = chosen_site(request.GET, sites) or next(iter(sites), None)
    context: dict[str, Any] = {"sites": sites, "site": site}
    if site is not None:
        today = plant_time(timezone.now(), site.time_zone).date()
        monday = monday_of(request.GET.get("week", ""), today)
        context |= {
            "days": days_of_week(user, site, monday),
            "today": today,
            "monday": monday,
            "sunday": monday + timedelta(days=6),
            "this_week": week_name(today),
            "week": week_name(monday),
            "previous_week": week_name(monday - timedelta(days=7)),
            "next_week": week_name(monday + timedelta(days=7)),
        }
    return render(request, "requests/window_week.html", context)


def week_name(day: date) -> str:
    """`2026-W11`"""
    year, week, _weekday = day.isocalendar()
    return f"{year}-W{week:02d}"


def monday_of(name: str, today: date) -> date:
    """The Monday of `2026-W11`; of this week when the name is not one."""
    try:
        year, week = name.split("-W")
        monday = date.fromisocalendar(int(year), int(week), 1)
    except ValueError:
        monday = date.min
    if not 2000 <= monday.year <= 2200:
        return today - timedelta(days=today.weekday())
    return monday


def days_of_week(user: User, site: Site, monday: date) -> list[dict[str, Any]]:
    """For each day: its date, the windows that touch it and the freezes on it."""
    starts = [
        datetime(day.year, day.month, day.day, tzinfo=site.tz)
        for day in (monday + timedelta(days=number) for number in range(8))
    ]
    windows = list(
        MaintenanceWindow.objects.visible_to(user)
        .filter(
            access_request__site=site, opens_at__lt=starts[-1], closes_at__gt=starts[0]
        )
        .select_related("access_request__vendor", "access_request__requested_by")
        .prefetch_related("access_request__endpoints__asset")
        .order_by("opens_at")
    )
    freezes = list(
        ProductionFreeze.objects.overlapping(starts[0], starts[-1])
        .filter(site=site)
        .select_related("asset")
    )
    return [
        {
            "date": start.date(),
            "windows": [
                {"window": row, "span": span_of_day(row, site, start.date())}
                for row in windows
                if row.opens_at < end and row.closes_at > start
            ],
            "freezes": [
                row for row in freezes if row.starts_at < end and row.ends_at > start
            ],
        }
        for start, end in zip(starts[:-1], starts[1:], strict=True)
    ]


def span_of_day(window: MaintenanceWindow, site: Site, day: date) -> str:
    """`07:45 – 09:45` in plant time; another day's end is said with its day."""
    words = []
    for moment in (window.opens_at, window.closes_at):
        local = plant_time(moment, site.time_zone)
        words.append(
            dateformat.format(local, "H:i" if local.date() == day else "D H:i")
        )
    return " – ".join(words)


@require_POST
def revoke(request: HttpRequest, number: str) -> HttpResponse:
    """Ends the window and every session in it. No fresh factor: stopping is fast."""
    user: User = request.user  # type: ignore[assignment]
    window = window_revocable_by(user, number)
    revoke_window(
        window,
        acting_user=user,
        origin=origin_of(request),
        reason=request.POST.get("reason", "")[:2000],
    )
    messages.success(
        request, _("The window of %(number)s is revoked.") % {"number": number}
    )
    return redirect("requests:detail", number)


@require_POST
def ask_for_more_time(request: HttpRequest, number: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    request_extension(
        window_usable_by(user, number),
        acting_user=user,
        origin=origin_of(request),
        minutes=_minutes(request),
        reason=request.POST.get("reason", "")[:500],
    )
    messages.success(request, _("The plant has been asked for more time."))
    return redirect("requests:detail", number)


@require_POST
@require_fresh_factor
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    extension = extension_decidable_by(user, pk)
    window = grant_extension(
        extension,
        acting_user=user,
        origin=origin_of(request),
        reason=request.POST.get("reason", "")[:500],
        minutes=_minutes(request) if request.POST.get("minutes") else None,
    )
    messages.success(
        request,
        _("%(name)s has been told of the new end.") % {"name": extension.asked_by},
    )
    return redirect("requests:detail", window.access_request.number)


@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    extension = extension_decidable_by(user, pk)
    refuse_extension(
        extension,
        acting_user=user,
        origin=origin_of(request),
        reason=request.POST.get("reason", "")[:500],
    )
    messages.success(
        request, _("%(name)s has been told.") % {"name": extension.asked_by}
    )
    return redirect("requests:detail", extension.window.access_request.number)


def _minutes(request: HttpRequest) -> int:
    try:
        return int(request.POST.get("minutes", ""))
    except ValueError:
        raise NotPossible(
            _("Say for how many minutes."), code="minutes_missing"
        ) from None
