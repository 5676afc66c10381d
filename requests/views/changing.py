"""A pending request that changes: the contractor's own edit, an approver's proposal and the
answer to it, and the thread of questions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.clock import plant_time
from accessportal.errors import NotPossible, PortalError, TooLate
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited
from requests.access import (
    endpoints_to_ask_for,
    proposal_answerable_by,
    request_visible_to,
    request_withdrawable_by,
)
from requests.beginnings import initial_of
from requests.forms import OWN_END, WishForm
from requests.forms_decision import ProposeForm
from requests.models import AccessRequest
from requests.services.changing import change_request
from requests.services.common import guard_pending
from requests.services.proposal import accept_changes, decline_changes, propose_changes
from requests.services.thread import write_message
from requests.steps import yeses_of
from requests.views.approval import decision_page, for_decision, seen_hash


@rate_limited("request", times=40, seconds=3600, methods=("POST",))
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, number: str) -> HttpResponse:
    """The form with what the request says; while it is pending, its own requester changes it."""
    user: User = request.user  # type: ignore[assignment]
    access_request = request_withdrawable_by(user, number)
    guard_pending(access_request)
    form = WishForm(
        request.POST or None,
        person=user,
        own_request=access_request,
        initial=_initial(access_request, user),
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                changed = change_request(
                    access_request,
                    form.wish(),
                    acting_user=user,
                    origin=origin_of(request),
                )
            except PortalError as error:
                form.add_error(None, str(error))
                status = error.status
            else:
                _say_changed(request, number, changed)
                return redirect("requests:detail", number)
    context = {
        "form": form,
        "changing": access_request,
        "agreed": len(yeses_of(access_request)),
    }
    return render(request, "requests/submission_new.html", context, status=status)


def _initial(access_request: AccessRequest, user: User) -> dict[str, Any]:
    zone = access_request.site.time_zone
    return {
        **initial_of(access_request, endpoints_to_ask_for(user)),
        "start": plant_time(access_request.wanted_from, zone),
        "duration": OWN_END,
        "end": plant_time(access_request.wanted_until, zone),
        "on_release": access_request.on_release_minutes,
        "tolerance": access_request.tolerance_minutes or None,
    }


def _say_changed(request: HttpRequest, number: str, changed: list[str]) -> None:
    if changed:
        messages.success(request, _("%(number)s is changed.") % {"number": number})
    else:
        messages.info(request, _("Nothing was different."))


@require_POST
@require_fresh_factor
def propose(request: HttpRequest, number: str) -> HttpResponse:
    """Yes, if the contractor takes less, or another time."""
    user: User = request.user  # type: ignore[assignment]
    access_request = for_decision(request, number)
    form = ProposeForm(request.POST, access_request=access_request)
    if not form.is_valid():
        return decision_page(request, access_request, propose=form, status=422)
    try:
        propose_changes(
            access_request,
            form.changes(),
            acting_user=user,
            origin=origin_of(request),
            facts_hash=seen_hash(request),
            reason=request.POST.get("reason", "")[:2000],
        )
    except (TooLate, NotPossible) as error:
        return decision_page(request, access_request, error=error)
    messages.success(
        request,
        _("%(name)s has been told what you propose. It counts once it is accepted.")
        % {"name": access_request.requested_by},
    )
    return redirect("approvals:decide", number)


@require_POST
def accept(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """The contractor takes what was proposed: one tap."""
    user: User = request.user  # type: ignore[assignment]
    window = accept_changes(
        proposal_answerable_by(user, number, pk),
        acting_user=user,
        origin=origin_of(request),
    )
    if window is None:
        said = _(
            "Accepted. Others at the plant have to agree, too; they have been told."
        )
    else:
        said = _("Accepted: %(number)s is approved.") % {"number": number}
    messages.success(request, said)
    return redirect("requests:detail", number)


@require_POST
def decline(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    decline_changes(
        proposal_answerable_by(user, number, pk),
        acting_user=user,
        origin=origin_of(request),
    )
    messages.success(request, _("Declined. The plant decides on what you asked for."))
    return redirect("requests:detail", number)


@rate_limited("request-message", times=60, seconds=3600, methods=("POST",))
@require_POST
def message(request: HttpRequest, number: str) -> HttpResponse:
    """A question, or an answer."""
    user: User = request.user  # type: ignore[assignment]
    access_request = request_visible_to(user, number)
    try:
        write_message(
            access_request,
            acting_user=user,
            origin=origin_of(request),
            text=request.POST.get("text", ""),
        )
    except NotPossible as error:
        messages.error(request, str(error))
    back = "approvals:decide" if "decides" in request.POST else "requests:detail"
    return redirect(back, number)
