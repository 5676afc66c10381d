"""The checklist of a site: its points, one to add, one to take away."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotPossible
from accessportal.origin import origin_of
from accessportal.plants.access import (
    checklist_item_changeable_by,
    may_freeze,
    site_visible_to,
)
from accessportal.plants.models import Asset, Site
from accessportal.plants.services.checklist import add_item, remove_item


class ChecklistItemForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("What is ticked"),
        max_length=200,
        help_text=gettext_lazy("Line in a safe state, drives locked out and tagged …"),
    )
    asks_for = forms.CharField(
        label=gettext_lazy("To be written beside it"),
        max_length=60,
        required=False,
        help_text=gettext_lazy(
            "Number of the permit to work, for example. Empty: a tick is enough."
        ),
    )
    asset = forms.ModelChoiceField(
        label=gettext_lazy("For"),
        queryset=Asset.objects.none(),
        required=False,
        empty_label=gettext_lazy("Every machine of the site"),
    )

    def __init__(self, *args: object, site: Site, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        assets = self.fields["asset"]
        assert isinstance(assets, forms.ModelChoiceField)
        assets.queryset = Asset.objects.filter(zone__site=site).order_by("name")


@require_http_methods(["GET", "POST"])
def checklist(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    site = site_visible_to(user, slug)
    if request.method == "POST" and not may_freeze(user, site):
        raise NotAllowed
    form = ChecklistItemForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        try:
            add_item(
                site,
                text=form.cleaned_data["text"],
                asks_for=form.cleaned_data["asks_for"],
                asset=form.cleaned_data["asset"],
                acting_user=user,
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error("text", str(error.sentence))
        else:
            messages.success(request, _("The point is on the checklist."))
            return redirect("plants:checklist", site.slug)
    context = {
        "site": site,
        "form": form,
        "items": site.checklist.select_related("asset"),
        "may_change": may_freeze(user, site),
    }
    status = 422 if form.errors else 200
    return render(request, "plants/checklist.html", context, status=status)


@require_POST
def checklist_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    item = checklist_item_changeable_by(user, pk)
    remove_item(item, acting_user=user, origin=origin_of(request))
    messages.success(request, _("The point is taken away."))
    return redirect("plants:checklist", item.site.slug)
