"""Production freezes and maintenance stops: to add and to take back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accessportal.accounts.models import User
from accessportal.origin import origin_of
from accessportal.plants.access import (
    freeze_changeable_by,
    site_freezable_by,
    stop_changeable_by,
)
from accessportal.plants.forms import FreezeForm
from accessportal.plants.models import MaintenanceStop, ProductionFreeze
from accessportal.plants.services.freezes import (
    add_freeze,
    add_stop,
    remove_freeze,
    remove_stop,
)

Planned = ProductionFreeze | MaintenanceStop


@dataclass(frozen=True)
class Kind:
    """What the pages of freezes and of stops differ in: verbs, guard and words."""

    add: Callable[..., Planned]
    added: Promise
    template: str
    changeable_by: Callable[[User, int], Planned]
    remove: Callable[..., None]
    removed: Promise


KINDS = {
    "freeze": Kind(
        add_freeze,
        _("The production freeze is set."),
        "plants/freeze_form.html",
        freeze_changeable_by,
        remove_freeze,
        _("The production freeze is lifted."),
    ),
    "stop": Kind(
        add_stop,
        _("The maintenance stop is set."),
        "plants/stop_form.html",
        stop_changeable_by,
        remove_stop,
        _("The maintenance stop is taken back."),
    ),
}


@require_http_methods(["GET", "POST"])
def planned_new(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    site = site_freezable_by(user, slug)
    form = FreezeForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        KINDS[kind].add(
            site,
            starts_at=form.cleaned_data["starts_at"],
            ends_at=form.cleaned_data["ends_at"],
            reason=form.cleaned_data["reason"],
            asset=form.cleaned_data["asset"],
            acting_user=user,
            origin=origin_of(request),
        )
        messages.success(request, str(KINDS[kind].added))
        return redirect("plants:site_detail", site.slug)
    context: dict[str, Any] = {"form": form, "site": site}
    status = 422 if form.errors else 200
    return render(request, KINDS[kind].template, context, status=status)


@require_POST
def planned_remove(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    planned = KINDS[kind].changeable_by(user, pk)
    KINDS[kind].remove(planned, acting_user=user, origin=origin_of(request))
    messages.success(request, str(KINDS[kind].removed))
    return redirect("plants:site_detail", planned.site.slug)
