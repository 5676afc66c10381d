"""The calendar of windows: the days of a week, or its machines, of one site in plant time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.clock import plant_time
from requests.access import sites_seen_by
from requests.calendar import (
    assets_on_calendar,
    by_day,
    by_machine,
    days_from,
    entries_of,
    filters_of,
    monday_of,
    week_name,
)
from requests.listing import chosen_site, page_of

MACHINES_ON_A_PAGE = 40


def calendar_page(request: HttpRequest, view: str) -> HttpResponse:
    """`week` or `lines`; `week`, `site`, `zone`, `asset` and `q` of the URL say of what."""
    user: User = request.user  # type: ignore[assignment]
    sites = sites_seen_by(user)
    site = chosen_site(request.GET, sites) or next(iter(sites), None)
    context: dict[str, Any] = {"sites": sites, "site": site, "view": view}
    if site is None:
        return render(request, "requests/window_week.html", context)

    today = plant_time(timezone.now(), site.time_zone).date()
    monday = monday_of(request.GET.get("week", ""), today)
    days = days_from(site, monday)
    assets = assets_on_calendar(user, site)
    filters = filters_of(request.GET, assets)
    entries = entries_of(user, site, days[0].start, days[-1].end, assets, filters)
    context |= {
        "assets": assets,
        "zones": list({one.zone_id: one.zone for one in assets}.values()),
        "filters": filters,
        "of_the_plant": user.vendor_id is None,
        "empty": not entries,
        "today": today,
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "this_week": week_name(today),
        "week": week_name(monday),
        "previous_week": week_name(monday - timedelta(days=7)),
        "next_week": week_name(monday + timedelta(days=7)),
    }
    if view == "week":
        context["days"] = by_day(days, entries, site)
        return render(request, "requests/window_week.html", context)

    shown = [
        one
        for one in assets
        if (filters.zone is None or one.zone_id == filters.zone.pk)
        and (filters.asset is None or one == filters.asset)
        and (not filters.words or any(one.pk in entry.assets for entry in entries))
    ]
    page = page_of(shown, request.GET, size=MACHINES_ON_A_PAGE)
    context |= {
        "days": days,
        "page": page,
        "rows": by_machine(days, entries, page.object_list, site),
    }
    return render(request, "requests/window_lines.html", context)
