"""Adding and changing a vendor, for administrators."""

from __future__ import annotations

from copy import copy

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accessportal.accounts.access import vendor_addable_by, vendor_changeable_by
from accessportal.accounts.models import User
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.plants.services.vendors import add_vendor, change_vendor
from accessportal.plants.vendor_forms import VendorForm

# Where a refusal of the verb is shown in the form; else it is the name.
ABOUT = {
    "sponsor_not_of_plant": "sponsor",
    "contract_ended": "contract_ends_on",
    "asset_elsewhere": "assets",
}


@require_http_methods(["GET", "POST"])
def vendor_new(request: HttpRequest) -> HttpResponse:
    """Add a company."""
    user = vendor_addable_by(request.user)  # type: ignore[arg-type]
    form = VendorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            vendor = add_vendor(
                form.values(),
                sites=form.cleaned_data["sites"],
                assets=form.cleaned_data["assets"],
                acting_user=user,
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error(ABOUT.get(error.code, "name"), str(error))
        else:
            messages.success(
                request,
                _("%(vendor)s is added. Invite its first person.") % {"vendor": vendor},
            )
            return redirect("accounts:vendor", vendor.slug)
    return _form(
        request, form, _("Add a vendor"), reverse("accounts:vendors"), _("Vendors")
    )


@require_http_methods(["GET", "POST"])
def vendor_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a company's record."""
    user: User = request.user  # type: ignore[assignment]
    vendor = vendor_changeable_by(user, slug)
    form = VendorForm(request.POST or None, instance=copy(vendor))
    if request.method == "POST" and form.is_valid():
        try:
            change_vendor(
                vendor,
                form.values(),
                sites=form.cleaned_data["sites"],
                assets=form.cleaned_data["assets"],
                acting_user=user,
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error(ABOUT.get(error.code, "name"), str(error))
        else:
            messages.success(request, _("%(vendor)s is saved.") % {"vendor": vendor})
            return redirect("accounts:vendor", vendor.slug)
    return _form(
        request,
        form,
        _("Change %(name)s") % {"name": vendor.name},
        reverse("accounts:vendor", args=[vendor.slug]),
        vendor.name,
    )


def _form(
    request: HttpRequest, form: VendorForm, title: str, back: str, label: str
) -> HttpResponse:
    context = {"form": form, "title": title, "back_path": back, "back_label": label}
    status = 422 if form.errors else 200
    return render(request, "plants/form.html", context, status=status)
