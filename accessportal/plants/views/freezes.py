"""Production freezes and maintenance stops: to add and to take back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accessportal.accounts.models import User
from accessportal.origin import origin_of
from accessportal.plants.access import (
    freeze_changeable_by,
    site_freezable_by,
    stop_changeable_by,
)
from accessportal.plants.forms import FreezeForm
from accessportal.plants.services.freezes import (
    add_freeze,
    add_stop,
    remove_freeze,
    remove_stop,
)


@require_http_methods(["GET", "POST"])
def freeze_new(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    site = site_freezable_by(user, slug)
    form = FreezeForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        add_freeze(
            site,
            starts_at=form.cleaned_data["starts_at"],
            ends_at=form.cleaned_data["ends_at"],
            reason=form.cleaned_data["reason"],
            asset=form.cleaned_data["asset"],
            acting_user=user,
            origin=origin_of(request),
        )
        messages.success(request, _("The production freeze is set."))
        return redirect("plants:site_detail", site.slug)
    context = {"form": form, "site": site}
    status = 422 if form.errors else 200
    return render(request, "plants/freeze_form.html", context, status=status)


@require_POST
def freeze_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    freeze = freeze_changeable_by(user, pk)
    remove_freeze(freeze, acting_user=user, origin=origin_of(request))
    messages.success(request, _("The production freeze is lifted."))
    return redirect("plants:site_detail", freeze.site.slug)


@require_http_methods(["GET", "POST"])
def stop_new(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    site = site_freezable_by(user, slug)
    form = FreezeForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        add_stop(
            site,
            starts_at=form.cleaned_data["starts_at"],
            ends_at=form.cleaned_data["ends_at"],
            reason=form.cleaned_data["reason"],
            asset=form.cleaned_data["asset"],
            acting_user=user,
            origin=origin_of(request),
        )
        messages.success(request, _("The maintenance stop is set."))
        return redirect("plants:site_detail", site.slug)
    context = {"form": form, "site": site}
    status = 422 if form.errors else 200
    return render(request, "plants/stop_form.html", context, status=status)


@require_POST
def stop_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    stop = stop_changeable_by(user, pk)
    remove_stop(stop, acting_user=user, origin=origin_of(request))
    messages.success(request, _("The maintenance stop is taken back."))
    return redirect("plants:site_detail", stop.site.slug)
