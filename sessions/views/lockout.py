"""Locking a machine against outside work, and unlocking it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.origin import origin_of
from accessportal.plants.access import asset_lockable_by
from sessions.services.lockout import lock_asset, unlock_asset


@require_POST
def lock(request: HttpRequest, slug: str) -> HttpResponse:
    """Ends every session on the machine. No fresh factor: stopping is fast."""
    user: User = request.user  # type: ignore[assignment]
    asset = asset_lockable_by(user, slug)
    lock_asset(
        asset,
        acting_user=user,
        origin=origin_of(request),
        reason=request.POST.get("reason", ""),
    )
    messages.success(
        request,
        _("%(asset)s is locked: nobody from outside works on it.") % {"asset": asset},
    )
    return redirect("plants:asset_detail", asset.slug)


@require_POST
@require_fresh_factor
def unlock(request: HttpRequest, slug: str) -> HttpResponse:
    """Lets people in again, in the windows that are open."""
    user: User = request.user  # type: ignore[assignment]
    asset = asset_lockable_by(user, slug)
    unlock_asset(
        asset,
        acting_user=user,
        origin=origin_of(request),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("%(asset)s is unlocked.") % {"asset": asset})
    return redirect("plants:asset_detail", asset.slug)
