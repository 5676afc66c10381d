"""The wall of the control room: /sessions/wall/, for stations and for nobody else.

A station never signs out and never signs in. It sees, freezes and ends; whoever approves there
says who they are with a security key and PIN, for that one decision.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts.browsers import browser_in_words
from accessportal.accounts.factors import PASSKEY_KIND
from accessportal.accounts.models import User
from accessportal.accounts.passkeys import passkeys_possible, use_passkey
from accessportal.errors import NotAllowed, NotPossible, PortalError, TooLate
from accessportal.origin import Origin, client_address, web_session_ref
from accessportal.rate_limits import rate_limited
from requests.access import request_decidable_by
from requests.facts import (
    companions_of,
    facts_of_request,
    hash_of_facts,
    requested_endpoints,
    seen_by_approver,
)
from requests.feasibility import what_is_unusual
from requests.models import AccessRequest
from requests.services.approval import approve_request, deny_request
from requests.steps import standing_of
from requests.thread_parts import both_match_words
from sessions.at_stations import (
    COOKIE,
    act_of,
    known_station,
    person_at,
    remember_station,
    request_at,
    session_at,
    station_of,
)
from sessions.models import Station, StationAct
from sessions.services.stations import (
    act_at_station,
    join_station,
    name_act,
    note_opened,
    note_rang,
)
from sessions.wall import wall_of


def origin_at(request: HttpRequest, station: Station | None = None) -> Origin:
    """What is done at a wall comes from its address, and from no web session."""
    return Origin(
        address=client_address(request),
        web_session_ref=web_session_ref(f"station {station.pk}") if station else "",
        user_agent=request.headers.get("User-Agent", "")[:200],
    )


@login_not_required
@never_cache
@require_GET
def wall(request: HttpRequest) -> HttpResponse:
    """The whole screen; a browser that is no station is asked for a code."""
    station = station_of(request)
    if station is None:
        return redirect("wall:join")
    response = _render(request, station, "sessions/wall.html")
    remember_station(response, request.COOKIES[COOKIE])
    return response


@login_not_required
@never_cache
@require_GET
def now(request: HttpRequest) -> HttpResponse:
    """Only what changes: the screen fetches it every few seconds."""
    return _render(request, known_station(request), "sessions/wall_now.html")


def _render(request: HttpRequest, station: Station, template: str) -> HttpResponse:
    found = wall_of(station)
    note_rang(station, found.waiting)
    context = {"wall": found, "station": station, "site": station.site}
    return render(request, template, context)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
@rate_limited("station-join", times=10, seconds=600, methods=("POST",))
def join(request: HttpRequest) -> HttpResponse:
    """Make this browser the screen that an administrator has enrolled."""
    refusal = ""
    if request.method == "POST":
        try:
            _station, token = join_station(
                request.POST.get("code", ""),
                browser=browser_in_words(request.headers.get("User-Agent", "")),
                origin=origin_at(request),
            )
        except NotPossible as error:
            refusal = str(error.sentence)
        else:
            response = redirect("wall:wall")
            remember_station(response, token)
            return response
    return render(
        request,
        "sessions/wall_join.html",
        {"refusal": refusal},
        status=422 if refusal else 200,
    )


@login_not_required
@require_POST
def act(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Freeze or end, at once. Nobody signs in for that; the name is asked afterwards."""
    station = known_station(request)
    what = request.POST.get("what", "")
    if what not in StationAct.What.values:
        raise NotPossible(_("Say whether to freeze or to end."), code="what_missing")
    try:
        act_at_station(
            station,
            session_at(station, pk),
            what=what,
            origin=origin_at(request, station),
        )
    except TooLate as error:
        messages.warning(request, str(error.sentence))
    return redirect("wall:wall")


@login_not_required
@require_POST
def name(request: HttpRequest, pk: int) -> HttpResponse:
    """Who it was."""
    station = known_station(request)
    chosen = request.POST.get("person", "")
    name_act(
        act_of(station, pk),
        person=person_at(station, chosen),
        origin=origin_at(request, station),
    )
    return redirect("wall:wall")


@login_not_required
@never_cache
@require_GET
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """The facts of a request, and the buttons for who has a security key at hand."""
    station = known_station(request)
    access_request = request_at(station, number)
    note_opened(station, access_request)
    return _decision_page(request, station, access_request)


@login_not_required
@require_POST
@rate_limited("station-decide", times=30, seconds=600)
def decided(request: HttpRequest, number: str) -> HttpResponse:
    """One decision by the person whose key signed it; the station is nobody before and after."""
    station = known_station(request)
    request_at(station, number)
    origin = origin_at(request, station)
    try:
        used = use_passkey(
            request,
            answer=request.POST.get("passkey", ""),
            owner=None,
            step_up=True,
            origin=origin,
        )
        person = used.device.user
        if not person.is_active:
            raise NotAllowed
        signed = Origin(
            address=origin.address,
            factor=PASSKEY_KIND,
            factor_at=time.time(),
            web_session_ref=origin.web_session_ref,
            user_agent=origin.user_agent,
        )
        said = _decide_as(person, number, request, signed)
    except (NotAllowed, NotPossible, TooLate) as error:
        return _decision_page(request, station, request_at(station, number), error)
    messages.success(request, said % {"number": number, "person": person.full_name})
    return redirect("wall:wall")


def _decide_as(person: User, number: str, request: HttpRequest, origin: Origin) -> str:
    """What the screen says of it: others may be needed, too."""
    access_request = request_decidable_by(person, number)
    facts_hash = request.POST.get("facts_hash", "")
    reason = request.POST.get("reason", "")[:2000]
    if request.POST.get("verdict") == "deny":
        deny_request(
            access_request,
            acting_user=person,
            origin=origin,
            facts_hash=facts_hash,
            reason=reason,
        )
        return _("%(number)s: denied by %(person)s.")
    window = approve_request(
        access_request,
        acting_user=person,
        origin=origin,
        facts_hash=facts_hash,
        reason=reason,
    )
    if window is None:
        return _("%(number)s: %(person)s agreed. Others are needed, too.")
    return _("%(number)s: approved by %(person)s.")


def _decision_page(
    request: HttpRequest,
    station: Station,
    access_request: AccessRequest,
    error: PortalError | None = None,
) -> HttpResponse:
    pending = access_request.state == AccessRequest.State.PENDING
    context: dict[str, Any] = {
        "station": station,
        "site": station.site,
        "access_request": access_request,
        "endpoints": requested_endpoints(access_request),
        "companions": companions_of(access_request),
        "unusual": what_is_unusual(facts_of_request(access_request)) if pending else [],
        "facts_hash": hash_of_facts(seen_by_approver(access_request)),
        "standing": standing_of(access_request, None),
        "match_words": both_match_words(access_request),
        "open": pending and not access_request.is_overdue() and passkeys_possible(),
        "error": error,
    }
    status = error.status if error is not None else 200
    return render(request, "sessions/wall_decide.html", context, status=status)
