"""The guacd daemons that carry sessions: how each is, and which are in use."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.plants.models import Site
from sessions.services.guacd_pool import (
    add_guacd,
    default_load,
    free_places_of,
    node_changeable_by,
    pool_of,
    retire_guacd,
    return_guacd,
)


class GuacdForm(forms.Form):
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=120,
        help_text=gettext_lazy(
            "host:port, as the brokers reach it. guacd knows no passwords: loopback or a "
            "private link only."
        ),
    )
    site = forms.ModelChoiceField(
        Site.objects.all(),
        label=gettext_lazy("For"),
        required=False,
        empty_label=gettext_lazy("Every site"),
        help_text=gettext_lazy(
            "A site with daemons of its own uses the others only when none of its own answers."
        ),
    )


@never_cache
@require_GET
def pool(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    context = {
        "loads": pool_of(user),
        "default_address": settings.GUACD_ADDRESS,
        "default_load": default_load(),
    }
    return render(request, "plants/guacd_pool.html", context)


@require_http_methods(["GET", "POST"])
@require_fresh_factor
def add(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    pool_of(user)
    form = GuacdForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_guacd(
                form.cleaned_data["address"],
                site=form.cleaned_data["site"],
                acting_user=user,
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error("address", str(error.sentence))
        else:
            messages.success(
                request, _("Added. It is used as soon as it has answered.")
            )
            return redirect("guacd:pool")
    status = 422 if form.errors else 200
    return render(request, "plants/guacd_form.html", {"form": form}, status=status)


@require_POST
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of use for new sessions; no fresh factor, taking something out must be easy."""
    user: User = request.user  # type: ignore[assignment]
    node = node_changeable_by(user, pk)
    retire_guacd(node, acting_user=user, origin=origin_of(request))
    messages.success(request, _("Out of use. Sessions that are live there go on."))
    return redirect("guacd:pool")


@require_POST
@require_fresh_factor
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    node = node_changeable_by(user, pk)
    return_guacd(node, acting_user=user, origin=origin_of(request))
    messages.success(request, _("In use again, as soon as it has answered."))
    return redirect("guacd:pool")


@require_POST
@require_fresh_factor
def free_places(request: HttpRequest, pk: int) -> HttpResponse:
    """Its machine is switched off, says a person: the places of its sessions are free."""
    user: User = request.user  # type: ignore[assignment]
    node = node_changeable_by(user, pk)
    freed = free_places_of(node, acting_user=user, origin=origin_of(request))
    messages.success(
        request,
        ngettext(
            "%(count)d place is free again.", "%(count)d places are free again.", freed
        )
        % {"count": freed},
    )
    return redirect("guacd:pool")
