"""The leaver: an access ends, comes back, or loses its name for good."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accessportal.accounts.access import person_manageable_by, person_movable_by
from accessportal.accounts.models import User
from accessportal.accounts.services.people import (
    disable_person,
    reactivate_person,
)
from accessportal.accounts.services.pseudonyms import pseudonymise_person
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.origin import origin_of


@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """End the access. No fresh factor: stopping must be fast."""
    user: User = request.user  # type: ignore[assignment]
    person = disable_person(
        acting_user=user,
        person=person_manageable_by(user, pk),
        reason=request.POST.get("reason", ""),
        origin=origin_of(request),
    )
    messages.success(
        request, _("The access of %(person)s has ended.") % {"person": person.full_name}
    )
    vendors = ", ".join(person.sponsored_vendors.values_list("name", flat=True))
    if vendors:
        messages.warning(
            request,
            _("%(person)s answered for %(vendors)s: name somebody else there.")
            % {"person": person.full_name, "vendors": vendors},
        )
    return redirect("accounts:person", pk=pk)


@require_POST
@require_fresh_factor
def come_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the access again."""
    user: User = request.user  # type: ignore[assignment]
    person = reactivate_person(
        acting_user=user,
        person=person_manageable_by(user, pk),
        reason=request.POST.get("reason", ""),
        origin=origin_of(request),
    )
    messages.success(
        request, _("%(person)s has access again.") % {"person": person.full_name}
    )
    return redirect("accounts:person", pk=pk)


@require_POST
@require_fresh_factor
def pseudonymise(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the name out of the portal, for good."""
    user: User = request.user  # type: ignore[assignment]
    person = pseudonymise_person(
        acting_user=user,
        person=person_movable_by(user, pk),
        typed=request.POST.get("typed", ""),
        reason=request.POST.get("reason", ""),
        origin=origin_of(request),
    )
    messages.success(
        request,
        _("The name is gone. Evidence calls this person %(pseudonym)s from now on.")
        % {"pseudonym": person.full_name},
    )
    return redirect("accounts:person", pk=pk)
