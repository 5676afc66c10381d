"""The line is down: asking at once, withdrawing it, and the second look afterwards."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal import audit
from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import PortalError
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited
from requests.access import (
    emergencies_readable_by,
    emergency_look_takeable_by,
    emergency_opener,
    emergency_window_withdrawable_by,
    sites_seen_by,
)
from requests.emergency_form import EmergencyForm
from requests.emergency_report import (
    as_csv,
    counts_of,
    filtered_emergencies,
    with_everything,
)
from requests.listing import page_of
from requests.models import AccessRequest, EmergencyLook
from requests.services.emergency import submit_emergency, withdraw_emergency
from requests.services.later_look import take_look


@rate_limited("emergency", times=20, seconds=3600, methods=("POST",))
@require_http_methods(["GET", "POST"])
def new_emergency(request: HttpRequest) -> HttpResponse:
    """The few fields of an emergency, and nothing between them and the people asked."""
    user = emergency_opener(request.user)  # type: ignore[arg-type]
    form = EmergencyForm(request.POST or None, opener=user)
    if request.method == "GET":
        return _form_page(request, form)
    earlier = form.already_sent()
    if earlier is not None:
        return redirect("requests:detail", earlier.number)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        access_request = submit_emergency(
            form.emergency(),
            acting_user=user,
            origin=origin_of(request),
            submission_key=form.cleaned_data["submission_key"]
            or form.initial["submission_key"],
        )
    except PortalError as error:
        form.add_error(None, str(error))
        return _form_page(request, form, status=error.status)
    messages.success(
        request,
        _("%(number)s is sent as an emergency. %(site)s is being called.")
        % {"number": access_request.number, "site": access_request.site},
    )
    return redirect("requests:detail", access_request.number)


def _form_page(
    request: HttpRequest, form: EmergencyForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "phones": {
            one.asset.zone.site.name: one.asset.zone.site.control_room_phone
            for one in form.offered
            if one.asset.zone.site.control_room_phone
        },
    }
    return render(request, "requests/emergency_new.html", context, status=status)


@never_cache
@require_GET
def emergency_list(request: HttpRequest) -> HttpResponse:
    """Looks that are owed by this person, how often it happened, and each one."""
    user: User = request.user  # type: ignore[assignment]
    sites = sites_seen_by(user)
    rows, filters = filtered_emergencies(
        emergencies_readable_by(user), request.GET, sites
    )
    context: dict[str, Any] = {
        "owed": EmergencyLook.objects.owed_by(user).select_related(
            "access_request__site", "access_request__requested_by__vendor"
        ),
        "counts": counts_of(rows),
        "page": page_of(with_everything(rows), request.GET),
        "sites": sites,
        "filters": filters,
        "may_open": may(user, Action.EMERGENCY_OPEN),
    }
    return render(request, "requests/emergency_list.html", context)


@rate_limited("export", times=20, seconds=600, methods=("POST",))
@require_POST
def emergency_export(request: HttpRequest) -> HttpResponse:
    """What the filter shows, as CSV; that it was exported is evidence."""
    user: User = request.user  # type: ignore[assignment]
    rows, filters = filtered_emergencies(
        emergencies_readable_by(user), request.POST, sites_seen_by(user)
    )
    emergencies: list[AccessRequest] = list(with_everything(rows))
    audit.record(
        "emergencies.exported",
        acting_user=user,
        origin=origin_of(request),
        filter=filters,
        rows=len(emergencies),
    )
    response = HttpResponse(as_csv(emergencies), content_type="text/csv; charset=utf-8")
    name = f"emergencies-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@require_fresh_factor
def look(request: HttpRequest, number: str) -> HttpResponse:
    """The second look: justified or not, and why."""
    user: User = request.user  # type: ignore[assignment]
    take_look(
        emergency_look_takeable_by(user, number),
        acting_user=user,
        origin=origin_of(request),
        verdict=request.POST.get("verdict", ""),
        note=request.POST.get("reason", ""),
    )
    messages.success(
        request,
        _("Thank you. The second look at %(number)s is noted.") % {"number": number},
    )
    return redirect("requests:detail", number)


@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Ends it at once. No fresh factor: stopping is fast."""
    user: User = request.user  # type: ignore[assignment]
    withdraw_emergency(
        emergency_window_withdrawable_by(user, number),
        acting_user=user,
        origin=origin_of(request),
        reason=request.POST.get("reason", "")[:2000],
    )
    messages.success(
        request, _("The emergency access of %(number)s has ended.") % {"number": number}
    )
    return redirect("requests:detail", number)
