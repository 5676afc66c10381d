"""Substituting a person in an approved request: asked for, and decided in one tap."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible, TooLate
from accessportal.origin import origin_of
from requests.access import (
    companions_to_name,
    request_withdrawable_by,
    substitution_decidable_by,
)
from requests.services.common import people_of
from requests.services.substitution import (
    accept_substitution,
    ask_substitution,
    refuse_substitution,
)
from requests.views.approval import seen_hash
from requests.views.later import tell_stale


@require_POST
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """By the one who asked for the work: a colleague in somebody's place."""
    user: User = request.user  # type: ignore[assignment]
    access_request = request_withdrawable_by(user, number)
    try:
        ask_substitution(
            access_request,
            acting_user=user,
            origin=origin_of(request),
            leaves=_chosen(people_of(access_request), request.POST.get("leaves")),
            comes=_chosen(companions_to_name(user), request.POST.get("comes")),
            reason=request.POST.get("reason", ""),
        )
    except (NotPossible, TooLate) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The plant has been told. The window stays."))
    return redirect("requests:detail", number)


@require_POST
@require_fresh_factor
def accept(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    wish = substitution_decidable_by(user, number, pk)
    try:
        accept_substitution(
            wish,
            acting_user=user,
            origin=origin_of(request),
            facts_hash=seen_hash(request),
        )
    except (NotPossible, TooLate) as error:
        if error.code == "facts_changed":
            return tell_stale(request, wish.access_request.window, error)
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("%(name)s may come now.") % {"name": wish.comes.full_name}
        )
    return redirect("requests:detail", number)


@require_POST
def refuse(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    wish = substitution_decidable_by(user, number, pk)
    try:
        refuse_substitution(
            wish,
            acting_user=user,
            origin=origin_of(request),
            reason=request.POST.get("reason", ""),
        )
    except (NotPossible, TooLate) as error:
        messages.error(request, str(error))
    return redirect("requests:detail", number)


def _chosen(people: list[User], pk: Any) -> User:
    """One of the people who were offered; a forged or outdated id is none."""
    found = next((person for person in people if str(person.pk) == str(pk)), None)
    if found is None:
        raise NotPossible(
            _("Choose a colleague who does not take part yet."), code="not_a_colleague"
        )
    return found
