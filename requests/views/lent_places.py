"""Places in groups of approvers that are lent: to see, to lend and to end."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.access import minds_delegations
from accessportal.accounts.forms_rights import LendingForm
from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.accounts.views.lending import running_and_past
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from requests.access_policy import lent_place_endable_by, lent_places_of
from requests.models import ApproverGroup
from requests.services.group_delegations import end_lent_place, lend_place


class LendForm(LendingForm):
    group: Any = forms.ModelChoiceField(
        label=gettext_lazy("Group"), queryset=None, empty_label=None
    )
    field_order = ("group",)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        own = ApproverGroup.objects.filter(people=user)
        self.fields["group"].queryset = own  # type: ignore[attr-defined]


@require_GET
@never_cache
def lent(request: HttpRequest) -> HttpResponse:
    user: User = minds_delegations(request.user)  # type: ignore[arg-type]
    return _page(request, user, LendForm(user=user))


@require_POST
@require_fresh_factor
def lend(request: HttpRequest) -> HttpResponse:
    user: User = minds_delegations(request.user)  # type: ignore[arg-type]
    form = LendForm(request.POST, user=user)
    if form.is_valid():
        try:
            made = lend_place(
                **form.cleaned_data, acting_user=user, origin=origin_of(request)
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _("%(name)s has your place for that time.") % {"name": made.delegate},
            )
            return redirect("approvals:lent")
    return _page(request, user, form)


@require_POST
def lent_end(request: HttpRequest, pk: int) -> HttpResponse:
    """No fresh factor: taking a right away must be fast."""
    user: User = request.user  # type: ignore[assignment]
    delegation = lent_place_endable_by(user, pk)
    end_lent_place(delegation, acting_user=user, origin=origin_of(request))
    messages.success(request, _("The delegation is over."))
    return redirect("approvals:lent")


def _page(request: HttpRequest, user: User, form: LendForm) -> HttpResponse:
    context = {
        "form": form,
        "own": form.fields["group"].queryset.exists(),  # type: ignore[attr-defined]
        **running_and_past(lent_places_of(user)),
    }
    status = 422 if form.errors else 200
    return render(request, "requests/lent_places.html", context, status=status)
