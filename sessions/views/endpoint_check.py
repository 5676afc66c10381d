"""Testing a connection: what it will do, what it found, and pinning what it learnt."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.plants.access import check_visible_to, endpoint_changeable_by
from accessportal.plants.host_key import fingerprint
from accessportal.plants.services.catalogue import pin_host_key
from accessportal.rate_limits import rate_limited
from sessions.services.endpoint_check import (
    disturbs,
    is_overdue,
    kinds_allowed,
    start_endpoint_check,
)


@require_GET
def prepare(request: HttpRequest, pk: int) -> HttpResponse:
    """What each test would do; nothing is touched yet."""
    user: User = request.user  # type: ignore[assignment]
    endpoint = endpoint_changeable_by(user, pk)
    context = {
        "endpoint": endpoint,
        "asset": endpoint.asset,
        "kinds": [(kind, disturbs(endpoint, kind)) for kind in kinds_allowed(endpoint)],
        "checks": endpoint.checks.select_related("started_by")[:10],
    }
    return render(request, "plants/check_prepare.html", context)


@rate_limited("endpoint-check", times=60, seconds=600, methods=("POST",))
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    endpoint = endpoint_changeable_by(user, pk)
    check = start_endpoint_check(
        endpoint,
        acting_user=user,
        origin=origin_of(request),
        kind=request.POST.get("kind", ""),
        disturbance_accepted=request.POST.get("disturbance_accepted") == "yes",
    )
    return redirect("endpoint_checks:detail", check.pk)


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    check = check_visible_to(user, pk)
    endpoint = check.endpoint
    context = {
        "check": check,
        "endpoint": endpoint,
        "asset": endpoint.asset,
        "site": endpoint.asset.zone.site,
        # A finding is kept in English, which is the message's id.
        "finding": _(check.finding) if check.finding else "",
        "overdue": is_overdue(check),
        "learnt": fingerprint(check.learnt_host_key),
        "pinned": bool(check.learnt_host_key)
        and endpoint.host_key == check.learnt_host_key,
    }
    return render(request, "plants/check_detail.html", context)


@require_POST
@require_fresh_factor
def pin(request: HttpRequest, pk: int) -> HttpResponse:
    """Pin the host key that this check learnt; from then on no other is accepted."""
    user: User = request.user  # type: ignore[assignment]
    check = check_visible_to(user, pk)
    if not check.learnt_host_key:
        raise NotPossible(_("This test learnt no host key."), code="no_host_key")
    pin_host_key(
        check.endpoint,
        check.learnt_host_key,
        acting_user=user,
        origin=origin_of(request),
    )
    messages.success(request, _("The host key is pinned."))
    return redirect("plants:asset_detail", check.endpoint.asset.slug)


@require_POST
@require_fresh_factor
def unpin(request: HttpRequest, pk: int) -> HttpResponse:
    """Let go of the pinned key, for a machine that was replaced; the next test learns anew."""
    user: User = request.user  # type: ignore[assignment]
    endpoint = endpoint_changeable_by(user, pk)
    pin_host_key(endpoint, "", acting_user=user, origin=origin_of(request))
    messages.success(
        request, _("The pinned host key is let go of. Test the connection now.")
    )
    return redirect("plants:asset_detail", endpoint.asset.slug)
