"""Deciding: the queue, and the page with facts first and buttons last."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.clock import plant_time
from accessportal.errors import NotPossible, PortalError, TooLate
from accessportal.notifications.wishes import note_seen
from accessportal.origin import origin_of
from requests.access import deciding_person, request_decidable_by, request_visible_to
from requests.alike import looking_alike
from requests.changes import Change, changes_between
from requests.facts import (
    companions_of,
    facts_of_request,
    hash_of_facts,
    requested_endpoints,
    seen_by_approver,
)
from requests.feasibility import what_is_unusual
from requests.forms_decision import OtherTimeForm, ProposeForm
from requests.later_wishes import wishes_asking
from requests.listing import page_of
from requests.models import (
    AccessRequest,
    ExtensionRequest,
    MaintenanceWindow,
    Substitution,
)
from requests.services.approval import approve_request, deny_request
from requests.services.common import guard_four_eyes, how_it_ended, how_overdue
from requests.steps import standing_of
from requests.thread_parts import about_changes

SEEN_SALT = "requests.approval.seen"
QUEUE_SIZE = 12  # each is judged anew for the page
SHOWN_TIMES = 4
"""So many of the same work stand in the queue; its page shows all of them."""


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for this supervisor, the next to begin first."""
    user = deciding_person(request.user)  # type: ignore[arg-type]
    groups = {several[0].pk: several for several in looking_alike(user)}
    behind = [one.pk for several in groups.values() for one in several[1:]]
    waiting = (
        AccessRequest.objects.awaiting_decision()
        .asking(user)
        .exclude(pk__in=behind)
        .select_related("site", "vendor", "requested_by__vendor")
        .order_by("wanted_from")
    )
    page = page_of(waiting, request.GET, size=QUEUE_SIZE)
    context = {
        "later": wishes_asking(user),
        "fallen": MaintenanceWindow.objects.fallen().to_reconfirm(user),
        "page": page,
        "waiting": [
            _in_queue(one, user, several=groups.get(one.pk, [])) for one in page
        ],
        "substitutions": Substitution.objects.awaiting_decision()
        .for_supervisor(user)
        .select_related("access_request", "leaves", "comes"),
        "extensions": ExtensionRequest.objects.awaiting_decision()
        .for_supervisor(user)
        .select_related(
            "window__access_request__site", "window__access_request__vendor", "asked_by"
        ),
    }
    return render(request, "requests/approval_queue.html", context)


def _in_queue(
    access_request: AccessRequest, user: User, *, several: list[AccessRequest]
) -> dict[str, Any]:
    """several: it, and what is the same work at other times; empty when it is alone."""
    return {
        "access_request": access_request,
        "several": several,
        "shown": several[:SHOWN_TIMES],
        "more": max(0, len(several) - SHOWN_TIMES),
        "endpoints": requested_endpoints(access_request),
        "unusual": what_is_unusual(facts_of_request(access_request, viewer=user)),
    }


@require_GET
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Facts, then what is unusual, then what approving permits, then the buttons."""
    user: User = request.user  # type: ignore[assignment]
    access_request = request_decidable_by(user, number)
    note_seen(request, number)
    return decision_page(request, access_request)


@require_POST
@require_fresh_factor
def approve(request: HttpRequest, number: str) -> HttpResponse:
    """Yes, for the time asked for; or for another one when the form brings one."""
    user: User = request.user  # type: ignore[assignment]
    access_request = for_decision(request, number)
    times: dict[str, Any] = {}
    form = None
    if "opens" in request.POST:
        form = OtherTimeForm(request.POST, site=access_request.site)
        if not form.is_valid():
            return decision_page(request, access_request, form=form, status=422)
        times = {
            "opens_at": form.cleaned_data["opens_at"],
            "closes_at": form.cleaned_data["closes_at"],
        }
    try:
        window = approve_request(
            access_request,
            acting_user=user,
            origin=origin_of(request),
            facts_hash=seen_hash(request),
            reason=request.POST.get("reason", "")[:2000],
            **times,
        )
    except (TooLate, NotPossible) as error:
        return decision_page(request, access_request, error=error, form=form)
    if window is None:
        said = _(
            "You agreed to %(number)s. Others are needed, too; they have been told."
        )
    else:
        said = _("%(number)s is approved. %(name)s has been told.")
    messages.success(
        request, said % {"number": number, "name": access_request.requested_by}
    )
    return redirect("approvals:queue")


@require_POST
@require_fresh_factor
def deny(request: HttpRequest, number: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    access_request = for_decision(request, number)
    try:
        deny_request(
            access_request,
            acting_user=user,
            origin=origin_of(request),
            facts_hash=seen_hash(request),
            reason=request.POST.get("reason", "")[:2000],
        )
    except (TooLate, NotPossible) as error:
        return decision_page(request, access_request, error=error)
    messages.success(
        request,
        _("%(number)s is denied. %(name)s has been told why.")
        % {"number": number, "name": access_request.requested_by},
    )
    return redirect("approvals:queue")


def for_decision(request: HttpRequest, number: str) -> AccessRequest:
    """The request to decide on; the attempt of its own requester is recorded (SR 2.1)."""
    user: User = request.user  # type: ignore[assignment]
    guard_four_eyes(
        request_visible_to(user, number), acting_user=user, origin=origin_of(request)
    )
    return request_decidable_by(user, number)


def decision_page(
    request: HttpRequest,
    access_request: AccessRequest,
    *,
    error: PortalError | None = None,
    form: OtherTimeForm | None = None,
    propose: ProposeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page on which a request is decided, also with what went wrong on it."""
    user: User = request.user  # type: ignore[assignment]
    if error is not None:
        access_request = request_decidable_by(user, access_request.number)
        status = error.status
    facts = seen_by_approver(access_request)
    site = access_request.site
    standing = standing_of(access_request, user)
    endpoints = requested_endpoints(access_request)
    companions = companions_of(access_request)
    undecided = (
        access_request.state == AccessRequest.State.PENDING
        and not access_request.is_overdue()
    )
    context = {
        "access_request": access_request,
        "site": site,
        "window": getattr(access_request, "window", None),
        "endpoints": endpoints,
        "companions": companions,
        "unusual": what_is_unusual(facts_of_request(access_request, viewer=user)),
        "facts_hash": hash_of_facts(facts),
        "seen": signing.dumps(facts, salt=SEEN_SALT, compress=True),
        "undecided": undecided,
        "standing": standing,
        "open": undecided and standing.asked,
        "may_deny": undecided and (standing.asked or standing.given is not None),
        "alone": not standing.several and access_request.emergency_at is None,
        "waits": "" if standing.asked or not undecided else standing.why_not(),
        "ended": _how_it_ended(access_request),
        "error": error,
        "changes": (
            _changes(request, facts, site.time_zone)
            if error and error.code == "facts_changed"
            else []
        ),
        "typed_reason": request.POST.get("reason", ""),
        "propose": propose or ProposeForm(access_request=access_request),
        **about_changes(
            access_request,
            user,
            endpoints=endpoints,
            companions=companions,
            places=standing.places,
        ),
        "other_time": form
        or OtherTimeForm(
            site=site,
            initial={
                "opens": plant_time(access_request.wanted_from, site.time_zone),
                "closes": plant_time(access_request.wanted_until, site.time_zone),
            },
        ),
    }
    return render(request, "requests/approval_decide.html", context, status=status)


def _how_it_ended(access_request: AccessRequest) -> str:
    """Why there is nothing to decide any more; empty while there is."""
    if access_request.state != AccessRequest.State.PENDING:
        return how_it_ended(access_request, attempted=False)
    return (
        how_overdue(access_request, attempted=False)
        if access_request.is_overdue()
        else ""
    )


def seen_hash(request: HttpRequest) -> str:
    return request.POST.get("facts_hash", "")


def _changes(request: HttpRequest, now: dict[str, Any], zone: str) -> list[Change]:
    """What is different from what the page showed; the page brought it, signed."""
    try:
        before = signing.loads(request.POST.get("seen", ""), salt=SEEN_SALT)
    except signing.BadSignature:
        return []
    return changes_between(before, now, zone)
