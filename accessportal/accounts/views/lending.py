"""Delegations and overrides: to make, to see and to end."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.access import (
    delegation_endable_by,
    delegations_of,
    minds_delegations,
    minds_overrides,
    override_endable_by,
    overrides_visible_to,
)
from accessportal.accounts.authorisation import Action, holds_role
from accessportal.accounts.forms_rights import DelegationForm, OverrideForm
from accessportal.accounts.models import User
from accessportal.accounts.services.delegations import (
    delegate_role,
    end_delegation,
    own_roles,
)
from accessportal.accounts.services.overrides import (
    end_override,
    grant_override,
    may_end,
)
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible
from accessportal.origin import origin_of

SHOWN = 50
"""So many of the past are listed; the audit trail has them all."""


@require_GET
@never_cache
def delegations(request: HttpRequest) -> HttpResponse:
    user: User = minds_delegations(request.user)  # type: ignore[arg-type]
    return _delegation_page(request, user, DelegationForm(user=user))


@require_POST
@require_fresh_factor
def delegation_new(request: HttpRequest) -> HttpResponse:
    user: User = minds_delegations(request.user)  # type: ignore[arg-type]
    form = DelegationForm(request.POST, user=user)
    if form.is_valid():
        try:
            made = delegate_role(
                **form.values(), acting_user=user, origin=origin_of(request)
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _("%(name)s has the role for that time.") % {"name": made.delegate},
            )
            return redirect("accounts:delegations")
    return _delegation_page(request, user, form)


@require_POST
def delegation_end(request: HttpRequest, pk: int) -> HttpResponse:
    """No fresh factor: taking a right away must be fast."""
    user: User = request.user  # type: ignore[assignment]
    delegation = delegation_endable_by(user, pk)
    end_delegation(delegation, acting_user=user, origin=origin_of(request))
    messages.success(request, _("The delegation is over."))
    return redirect("accounts:delegations")


def _delegation_page(
    request: HttpRequest, user: User, form: DelegationForm
) -> HttpResponse:
    context = {
        "form": form,
        "own_roles": own_roles(user),
        **running_and_past(delegations_of(user)),
    }
    return render(
        request,
        "accounts/delegation_list.html",
        context,
        status=422 if form.errors else 200,
    )


def running_and_past(lent: QuerySet[Any]) -> dict[str, Any]:
    """What `accounts/lent.html` shows: (object, phase) of each that is not over, and the others."""
    rows = [(one, one.phase()) for one in lent[:SHOWN]]
    return {
        "running": [row for row in rows if row[1] != "over"],
        "past": [one for one, phase in rows if phase == "over"],
    }


@require_GET
@never_cache
def overrides(request: HttpRequest) -> HttpResponse:
    user: User = minds_overrides(request.user)  # type: ignore[arg-type]
    return _override_page(request, user, OverrideForm(user=user))


@require_POST
@require_fresh_factor
def override_new(request: HttpRequest) -> HttpResponse:
    user: User = minds_overrides(request.user)  # type: ignore[arg-type]
    form = OverrideForm(request.POST, user=user)
    if form.is_valid():
        try:
            made = grant_override(
                **form.values(), acting_user=user, origin=origin_of(request)
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _("The override for %(name)s is in force.") % {"name": made.granted_to},
            )
            return redirect("accounts:overrides")
    return _override_page(request, user, form)


@require_POST
def override_end(request: HttpRequest, pk: int) -> HttpResponse:
    """No fresh factor: taking a right away must be fast."""
    user: User = request.user  # type: ignore[assignment]
    override = override_endable_by(user, pk)
    end_override(override, acting_user=user, origin=origin_of(request))
    messages.success(request, _("The override is over."))
    return redirect("accounts:overrides")


def _override_page(
    request: HttpRequest, user: User, form: OverrideForm
) -> HttpResponse:
    rows = [
        {"lent": one, "phase": one.phase(), "may_end": may_end(user, one)}
        for one in overrides_visible_to(user)[:SHOWN]
    ]
    context = {
        "form": form,
        "may_grant": holds_role(user, Action.OVERRIDE_GRANT),
        "running": [row for row in rows if row["phase"] != "over"],
        "past": [row for row in rows if row["phase"] == "over"],
    }
    return render(
        request,
        "accounts/override_list.html",
        context,
        status=422 if form.errors else 200,
    )
