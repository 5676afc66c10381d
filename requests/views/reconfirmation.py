"""A window that fell with a whole site or vendor: look at it again, and let it stand."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible, PortalError, TooLate
from accessportal.origin import origin_of
from requests.access import window_reconfirmable_by
from requests.facts import (
    companions_of,
    hash_of_facts,
    requested_endpoints,
)
from requests.models import MaintenanceWindow
from requests.moved_addresses import moved_addresses
from requests.services.later_decision import seen_of_window
from requests.services.reconfirmation import (
    CHECKLIST,
    reconfirm_window,
    what_is_unusual_now,
)
from requests.views.later import said_of_later


@never_cache
@require_GET
def look_again(request: HttpRequest, number: str) -> HttpResponse:
    """The facts as they are now, what stands against it, then the points to confirm."""
    user: User = request.user  # type: ignore[assignment]
    return _page(request, window_reconfirmable_by(user, number))


@require_POST
@require_fresh_factor
def confirm(request: HttpRequest, number: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    window = window_reconfirmable_by(user, number)
    try:
        stands = reconfirm_window(
            window,
            acting_user=user,
            origin=origin_of(request),
            facts_hash=request.POST.get("facts_hash", ""),
            checked=request.POST.getlist("checked"),
            reason=request.POST.get("reason", "")[:2000],
        )
    except (TooLate, NotPossible) as error:
        return _page(request, window_reconfirmable_by(user, number), error=error)
    said_of_later(
        request,
        stands,
        _("The window of %(number)s stands again. %(name)s has been told.")
        % {"number": number, "name": window.access_request.requested_by},
    )
    return redirect("requests:detail", number)


def _page(
    request: HttpRequest,
    window: MaintenanceWindow,
    *,
    error: PortalError | None = None,
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    access_request = window.access_request
    unusual = what_is_unusual_now(window, viewer=user)
    context = {
        "window": window,
        "access_request": access_request,
        "site": access_request.site,
        "endpoints": requested_endpoints(access_request),
        "companions": companions_of(access_request),
        "fell": window.has_fallen,
        "unusual": unusual,
        "blocked": any(finding.blocks for finding in unusual),
        "moved": moved_addresses(access_request) if window.revoke_cause else [],
        "checklist": CHECKLIST.get(window.revoke_cause, {}).items(),
        "checked": request.POST.getlist("checked"),
        "facts_hash": hash_of_facts(seen_of_window(window)),
        "typed_reason": request.POST.get("reason", ""),
        "error": error,
    }
    status = error.status if error else 200
    return render(request, "requests/window_reconfirm.html", context, status=status)
