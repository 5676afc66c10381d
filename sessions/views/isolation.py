"""Isolating a site, suspending a vendor: what will happen, the act, its progress, lifting."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.access import vendor_suspendable_by
from accessportal.accounts.authorisation import Action, may, sites_where
from accessportal.accounts.models import User, Vendor
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible, PortalError
from accessportal.origin import origin_of
from accessportal.plants.access import site_isolatable_by
from accessportal.plants.models import Site
from sessions.access_orders import (
    may_lift,
    may_see_orders,
    order_liftable_by,
    order_visible_to,
)
from sessions.models import StopOrder
from sessions.reentry import ReentryAnswer, answers_from
from sessions.services.drill import is_due, last_passed
from sessions.services.isolation import (
    isolate_site,
    lift_isolation,
    reinstate_vendor,
    suspend_vendor,
)
from sessions.stopping import order_page, what_would_stop

PAGE_SIZE = 25


@never_cache
@require_GET
def order_list(request: HttpRequest) -> HttpResponse:
    """What is in force, when each site was last drilled, and everything that was before."""
    user = may_see_orders(request.user)  # type: ignore[arg-type]
    sites = list(sites_where(user, Action.SESSION_SEE))
    last = last_passed(sites)
    visible = StopOrder.objects.visible_to(user).select_related(
        "site", "vendor", "requested_by", "lifted_by"
    )
    drills_at = set(sites_where(user, Action.SITE_ISOLATE).values_list("pk", flat=True))
    context = {
        "in_force": list(visible.in_force()),
        "sites": [
            {
                "site": site,
                "last": last.get(site.pk),
                "due": is_due(last.get(site.pk)),
                "may_drill": site.pk in drills_at,
            }
            for site in sites
        ],
        "page": Paginator(visible.order_by("-requested_at"), PAGE_SIZE).get_page(
            request.GET.get("page")
        ),
    }
    return render(request, "sessions/stop_list.html", context)


@never_cache
@require_GET
def site_confirm(request: HttpRequest, slug: str) -> HttpResponse:
    """What isolating this site would end, revoke and block."""
    user: User = request.user  # type: ignore[assignment]
    site = site_isolatable_by(user, slug)
    if site.isolated_at is not None:
        return _to_order(StopOrder.objects.in_force().filter(site=site).first())
    return _confirm_page(request, site=site)


@require_POST
def isolate(request: HttpRequest, slug: str) -> HttpResponse:
    """Ends every session of the site. No fresh factor: stopping is fast."""
    user: User = request.user  # type: ignore[assignment]
    site = site_isolatable_by(user, slug)
    try:
        given = isolate_site(
            site,
            acting_user=user,
            origin=origin_of(request),
            reason=request.POST.get("reason", ""),
        )
    except NotPossible as error:
        return _confirm_page(request, site=site, error=error)
    return redirect("isolation:order", given.number)


@never_cache
@require_GET
def vendor_confirm(request: HttpRequest, slug: str) -> HttpResponse:
    """What suspending this vendor would end, revoke and block, at every site."""
    user: User = request.user  # type: ignore[assignment]
    vendor = vendor_suspendable_by(user, slug)
    if vendor.suspended_at is not None:
        return _to_order(StopOrder.objects.in_force().filter(vendor=vendor).first())
    return _confirm_page(request, vendor=vendor)


@require_POST
def suspend(request: HttpRequest, slug: str) -> HttpResponse:
    """Ends every session of the vendor. No fresh factor: stopping is fast."""
    user: User = request.user  # type: ignore[assignment]
    vendor = vendor_suspendable_by(user, slug)
    try:
        given = suspend_vendor(
            vendor,
            acting_user=user,
            origin=origin_of(request),
            reason=request.POST.get("reason", ""),
        )
    except NotPossible as error:
        return _confirm_page(request, vendor=vendor, error=error)
    return redirect("isolation:order", given.number)


@never_cache
@require_GET
def order(request: HttpRequest, number: str) -> HttpResponse:
    """How far it is, session by session; then what was revoked, and how it is lifted."""
    user: User = request.user  # type: ignore[assignment]
    return _order_page(request, order_visible_to(user, number))


@require_POST
@require_fresh_factor
def lift(request: HttpRequest, number: str) -> HttpResponse:
    """Let people in again, by name; the windows stay revoked."""
    user: User = request.user  # type: ignore[assignment]
    given = order_liftable_by(user, number)
    act: dict[str, Any] = {
        "acting_user": user,
        "origin": origin_of(request),
        "reason": request.POST.get("reason", ""),
        "name": request.POST.get("name", ""),
    }
    try:
        if given.site is not None:
            lift_isolation(given.site, **act)
        elif given.vendor is not None:
            reinstate_vendor(given.vendor, **act, answers=answers_from(request.POST))
    except NotPossible as error:
        return _order_page(request, given, error=error)
    messages.success(
        request,
        _("%(name)s is open to vendors again. Revoked windows stay revoked.")
        % {"name": given.of},
    )
    return redirect("isolation:order", number)


def _to_order(given: StopOrder | None) -> HttpResponse:
    return (
        redirect("isolation:order", given.number)
        if given
        else redirect("isolation:list")
    )


def _confirm_page(
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
        "may_drill": site is None or may(user, Action.SITE_ISOLATE, site),
        "typed_reason": request.POST.get("reason", ""),
        **what_would_stop(user, site=site, vendor=vendor),
    }
    status = error.status if error else 200
    return render(request, "sessions/stop_confirm.html", context, status=status)


def _reentry(request: HttpRequest, given: StopOrder) -> list[ReentryAnswer]:
    """The questions with what was typed; once it is lifted, with what was kept."""
    if given.vendor_id is None or given.kind == StopOrder.Kind.DRILL:
        return []
    if given.lifted_at is not None:
        return [ReentryAnswer(**kept) for kept in given.reentry]
    return answers_from(request.POST)


def _order_page(
    request: HttpRequest, given: StopOrder, *, error: PortalError | None = None
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    context = {
        "order": given,
        "error": error,
        "may_lift": given.in_force and may_lift(user, given),
        "typed_name": request.POST.get("name", ""),
        "typed_reason": request.POST.get("reason", ""),
        "reentry": _reentry(request, given),
        **order_page(user, given),
    }
    status = error.status if error else 200
    return render(request, "sessions/stop_order.html", context, status=status)
