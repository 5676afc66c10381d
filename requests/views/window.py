"""Windows: the list, and what can be done with one; the calendar is in `views.calendar`."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible, TooLate
from accessportal.origin import origin_of
from requests.access import (
    extension_decidable_by,
    sites_seen_by,
    window_revocable_by,
    window_usable_by,
)
from requests.listing import (
    WINDOW_SORTS,
    filtered_windows,
    page_of,
    sorted_by,
)
from requests.models import MaintenanceWindow
from requests.services.extension import (
    grant_extension,
    refuse_extension,
    request_extension,
)
from requests.services.window import revoke_window
from requests.views.approval import seen_hash
from requests.views.calendar import calendar_page
from requests.views.later import said_of_later, tell_stale

CALENDAR_VIEWS = ("week", "lines")


@require_GET
def window_list(request: HttpRequest) -> HttpResponse:
    """`?view=week&week=2026-W11&site=north` is the calendar; otherwise the list."""
    if request.GET.get("view") in CALENDAR_VIEWS:
        return calendar_page(request, request.GET["view"])
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
    access_request = extension.window.access_request
    try:
        window = grant_extension(
            extension,
            acting_user=user,
            origin=origin_of(request),
            reason=request.POST.get("reason", "")[:500],
            minutes=_minutes(request) if request.POST.get("minutes") else None,
            facts_hash=seen_hash(request),
        )
    except TooLate as error:
        return tell_stale(request, extension.window, error)
    said_of_later(
        request,
        window,
        _("%(name)s has been told of the new end.") % {"name": extension.asked_by},
    )
    return redirect("requests:detail", access_request.number)


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
