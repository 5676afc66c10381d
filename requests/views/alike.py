"""Several requests for the same work on one page, decided on at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible, PortalError, TooLate
from accessportal.origin import origin_of
from requests.access import request_decidable_by
from requests.alike import looking_like, what_differs, why_by_itself
from requests.facts import (
    companions_of,
    facts_of_request,
    hash_of_facts,
    requested_endpoints,
    seen_by_approver,
)
from requests.feasibility import blocks, what_is_unusual
from requests.models import AccessRequest
from requests.services.alike import approve_alike, deny_alike, guard_how_many
from requests.steps import standing_of
from requests.views.approval import for_decision

HASH = "facts_hash-"  # with the number: each decision rests on facts of its own


@require_GET
def look(request: HttpRequest, number: str) -> HttpResponse:
    """The work once, its times with what is unusual about each, and a yes and a no."""
    user: User = request.user  # type: ignore[assignment]
    return _page(request, request_decidable_by(user, number))


@require_POST
@require_fresh_factor
def approve(request: HttpRequest, number: str) -> HttpResponse:
    """Yes to each of the times that are chosen, or to none."""
    of = for_decision(request, number)
    try:
        windows = approve_alike(**_decided_on(request))
    except (TooLate, NotPossible) as error:
        return _page(request, of, error=error)
    count = len(windows)
    if None in windows:
        said = ngettext(
            "You agreed to %(count)s request. Others are needed, too; they have been told.",
            "You agreed to %(count)s requests. Others are needed, too; they have been told.",
            count,
        )
    else:
        said = ngettext(
            "%(count)s request is approved. %(name)s has been told.",
            "%(count)s requests are approved. %(name)s has been told.",
            count,
        )
    messages.success(request, said % {"count": count, "name": of.requested_by})
    return redirect("approvals:queue")


@require_POST
@require_fresh_factor
def deny(request: HttpRequest, number: str) -> HttpResponse:
    """No to each of the times that are chosen, for one reason, or to none."""
    of = for_decision(request, number)
    try:
        count = len(deny_alike(**_decided_on(request)))
    except (TooLate, NotPossible) as error:
        return _page(request, of, error=error)
    said = ngettext(
        "%(count)s request is denied. %(name)s has been told why.",
        "%(count)s requests are denied. %(name)s has been told why.",
        count,
    )
    messages.success(request, said % {"count": count, "name": of.requested_by})
    return redirect("approvals:queue")


def _decided_on(request: HttpRequest) -> dict[str, Any]:
    """What both verbs are told, from the form; raises as `guard_how_many` does."""
    numbers = _chosen(request)
    guard_how_many(numbers)
    chosen = [for_decision(request, one) for one in numbers]
    return {
        "access_requests": chosen,
        "acting_user": request.user,
        "origin": origin_of(request),
        "facts_hashes": {
            one.number: request.POST.get(f"{HASH}{one.number}", "") for one in chosen
        },
        "reason": request.POST.get("reason", "")[:2000],
    }


def _page(
    request: HttpRequest, of: AccessRequest, *, error: PortalError | None = None
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    if error is not None:
        of = request_decidable_by(user, of.number)
    standing = standing_of(of, user)
    waits = of.state == AccessRequest.State.PENDING and not of.is_overdue()
    alone = why_by_itself(of) if waits else ""
    others = looking_like(of, user) if waits and standing.asked and not alone else []
    compared = [(one, _why_not(of, one)) for one in others]
    alike = [of, *(one for one, why in compared if not why)]
    context: dict[str, Any] = {
        "access_request": of,
        "site": of.site,
        "endpoints": requested_endpoints(of),
        "companions": companions_of(of),
        "standing": standing,
        "open": waits and standing.asked and not alone,
        "alone": alone,
        "rows": [
            _row(request, one, user)
            for one in sorted(alike, key=lambda one: one.wanted_from)
        ],
        "unlike": [(one, why) for one, why in compared if why],
        "typed_reason": request.POST.get("reason", ""),
        "error": error,
    }
    status = error.status if error is not None else 200
    return render(request, "requests/approval_alike.html", context, status=status)


def _why_not(of: AccessRequest, other: AccessRequest) -> str:
    differs = what_differs(of, other)
    return why_by_itself(other) or (
        _("Something else than here: %(what)s.") % {"what": differs} if differs else ""
    )


def _row(
    request: HttpRequest, access_request: AccessRequest, user: User
) -> dict[str, Any]:
    """One time: chosen unless something is unusual about it, or the form says otherwise."""
    unusual = what_is_unusual(facts_of_request(access_request, viewer=user))
    possible = not blocks(unusual)
    chosen = (
        access_request.number in _chosen(request)
        if request.method == "POST"
        else not unusual
    )
    return {
        "access_request": access_request,
        "facts_hash": hash_of_facts(seen_by_approver(access_request)),
        "unusual": unusual,
        "possible": possible,
        "chosen": possible and chosen,
    }


def _chosen(request: HttpRequest) -> list[str]:
    """The numbers that the form brings, each once."""
    return list(dict.fromkeys(request.POST.getlist("of")))
