"""Drills: choose the sessions, start, and see the record at the order's own page."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.access import vendor_suspendable_by
from accessportal.accounts.models import User, Vendor
from accessportal.errors import NotPossible, PortalError, TooLate
from accessportal.origin import origin_of
from accessportal.plants.access import site_isolatable_by
from accessportal.plants.models import Site
from sessions.services.drill import (
    END_WITHIN_SECONDS,
    PROOF_WITHIN_SECONDS,
    start_drill,
)
from sessions.stopping import what_would_stop


@never_cache
@require_GET
def site_drill(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    return _page(request, site=site_isolatable_by(user, slug))


@require_POST
def start_at_site(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    return _start(request, site=site_isolatable_by(user, slug))


@never_cache
@require_GET
def vendor_drill(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    return _page(request, vendor=vendor_suspendable_by(user, slug))


@require_POST
def start_of_vendor(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    return _start(request, vendor=vendor_suspendable_by(user, slug))


def _start(
    request: HttpRequest, *, site: Site | None = None, vendor: Vendor | None = None
) -> HttpResponse:
    try:
        order = start_drill(
            site=site,
            vendor=vendor,
            sessions=_chosen(request),
            acting_user=request.user,  # type: ignore[arg-type]
            origin=origin_of(request),
            reason=request.POST.get("reason", ""),
        )
    except (NotPossible, TooLate) as error:
        return _page(request, site=site, vendor=vendor, error=error)
    return redirect("isolation:order", order.number)


def _chosen(request: HttpRequest) -> list[UUID]:
    """The sessions that were ticked; what is no id at all is left out."""
    found = []
    for text in request.POST.getlist("session"):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _page(
    request: HttpRequest,
    *,
    site: Site | None = None,
    vendor: Vendor | None = None,
    error: PortalError | None = None,
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    context = {
        "site": site,
        "vendor": vendor,
        "error": error,
        "chosen": {str(pk) for pk in _chosen(request)},
        "typed_reason": request.POST.get("reason", ""),
        "end_within": END_WITHIN_SECONDS,
        "proof_within": PROOF_WITHIN_SECONDS,
        **what_would_stop(user, site=site, vendor=vendor),
    }
    status = error.status if error else 200
    return render(request, "sessions/drill_new.html", context, status=status)
