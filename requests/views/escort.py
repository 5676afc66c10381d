"""The escorted session: the plant calls and makes a code, the person types it, somebody looks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.escorted import is_bound, open_to_escorted
from accessportal.accounts.models import User
from accessportal.accounts.models.web_session import new_key
from accessportal.accounts.services.signing import admit_escorted, sign_in_begun
from accessportal.accounts.sign_in_steps import BY_PASSWORD, SignIn
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.accounts.vendor_rights import may_vouch
from accessportal.accounts.web_sessions import Bound
from accessportal.errors import FreshFactorNeeded, NotPossible, PortalError
from accessportal.origin import origin_of, web_session_ref
from accessportal.rate_limits import rate_limited
from requests.access import (
    escort_lookable_by,
    escorts_readable_by,
    own_request,
    request_escortable_by,
    sites_seen_by,
)
from requests.escort_list import counts_of_escorts, filtered_escorts
from requests.escortable import (
    escort_in_force,
    guard_escortable,
    guard_number,
    guard_other_person,
    guard_window_open,
    training_lapsed,
)
from requests.facts import requested_endpoints
from requests.line import waits_for_line
from requests.listing import page_of
from requests.live_sessions import console_path
from requests.models import AccessRequest, Escort
from requests.services.escort import enter_by_code, offer_escort
from requests.services.later_look import take_look

# --- The plant ------------------------------------------------------------------------


@rate_limited("escort", times=20, seconds=3600, methods=("POST",))
@never_cache
@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest, number: str) -> HttpResponse:
    """Whom to call at which number; sent, the code, in that answer only. One address, so that
    what the code's page fetches again by itself is the form."""
    if request.method == "POST":
        return _make(request, number)
    access_request = request_escortable_by(request.user, number)  # type: ignore[arg-type]
    return _offer_page(request, access_request)


@require_fresh_factor
def _make(request: HttpRequest, number: str) -> HttpResponse:
    access_request = request_escortable_by(request.user, number)  # type: ignore[arg-type]
    try:
        offered = offer_escort(
            access_request,
            acting_user=request.user,  # type: ignore[arg-type]
            origin=origin_of(request),
            factor_lost=bool(request.POST.get("factor_lost")),
            spoken=bool(request.POST.get("spoken")),
            reason=request.POST.get("reason", ""),
        )
    except FreshFactorNeeded:
        raise
    except PortalError as error:
        return _offer_page(request, access_request, error=error)
    context = {
        "access_request": access_request,
        "site": access_request.site,
        "escort": offered.escort,
        "code": offered.code,
    }
    return render(request, "requests/escort_code.html", context)


def _offer_page(
    request: HttpRequest,
    access_request: AccessRequest,
    *,
    error: PortalError | None = None,
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    person, now = access_request.requested_by, timezone.now()
    against: PortalError | None = None
    try:
        guard_other_person(access_request, user)
        guard_window_open(access_request, at=now)
        guard_escortable(person)
        guard_number(person, at=now)
    except PortalError as found:
        against = found
    context = {
        "access_request": access_request,
        "site": access_request.site,
        "person": person,
        "lapsed": training_lapsed(person, at=now),
        "against": against,
        **_ways_on(user, person, against),
        "error": error if against is None else None,
        "typed": request.POST,
    }
    status = error.status if error is not None else 200
    return render(request, "requests/escort_offer.html", context, status=status)


def _ways_on(user: User, person: User, against: PortalError | None) -> dict[str, bool]:
    """What can be done where something about the person is against it."""
    about_person = isinstance(against, NotPossible)
    vendor = person.vendor
    return {
        "vouches": about_person and vendor is not None and may_vouch(user, vendor),
        "others_can_come": about_person and may(user, Action.EMERGENCY_OPEN),
    }


@never_cache
@require_GET
def escort_list(request: HttpRequest) -> HttpResponse:
    """What this person has to look at, how often it happened, and each one."""
    user: User = request.user  # type: ignore[assignment]
    sites = sites_seen_by(user)
    rows, filters = filtered_escorts(escorts_readable_by(user), request.GET, sites)
    context: dict[str, Any] = {
        "owed": Escort.objects.owed_by(user).select_related(
            "access_request__site",
            "access_request__requested_by__vendor",
            "offered_by",
        ),
        "counts": counts_of_escorts(rows),
        "page": page_of(
            rows.select_related(
                "access_request__site", "person__vendor", "offered_by", "looked_by"
            ),
            request.GET,
        ),
        "sites": sites,
        "filters": filters,
    }
    return render(request, "requests/escort_list.html", context)


@require_POST
@require_fresh_factor
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """The later look: justified or not, and why."""
    user: User = request.user  # type: ignore[assignment]
    escort = take_look(
        escort_lookable_by(user, pk),
        acting_user=user,
        origin=origin_of(request),
        verdict=request.POST.get("verdict", ""),
        note=request.POST.get("reason", ""),
    )
    number = escort.access_request.number
    messages.success(
        request,
        _("Thank you. The look at the escort in %(number)s is noted.")
        % {"number": number},
    )
    return redirect("requests:detail", number)


offer.asks_for_factor = True  # type: ignore[attr-defined]  # for the guard of their words

# --- The person -----------------------------------------------------------------------


@open_to_escorted(None)
@login_not_required
@never_cache
@rate_limited("escort-code", times=30, seconds=600, methods=("POST",))
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """The code that was read out: after the password alone, or signed in as always."""
    sign_in = None if request.user.is_authenticated else sign_in_begun(request)
    by_password = sign_in is not None and sign_in.first == BY_PASSWORD
    if not (request.user.is_authenticated or by_password):
        return redirect("accounts:sign_in")
    person: User = sign_in.user if sign_in is not None else request.user  # type: ignore[assignment]
    refusal = ""
    if request.method == "POST":
        try:
            return _let_in(request, person, sign_in)
        except PortalError as error:
            refusal = str(error.sentence)
    context = {"person": person, "by_password": by_password, "refusal": refusal}
    return render(
        request, "requests/escort_enter.html", context, status=422 if refusal else 200
    )


def _let_in(request: HttpRequest, person: User, sign_in: SignIn | None) -> HttpResponse:
    held: Any = getattr(request, "web_session", None)
    key = held.key if held is not None else new_key()
    escort = enter_by_code(
        acting_user=person,
        code=request.POST.get("code", ""),
        origin=origin_of(request),
        web_session_ref=web_session_ref(key),
        factor_used=held is not None and not held.bound_to,
        bound_to=held.bound_to if held is not None else "",
    )
    number = escort.access_request.number
    if sign_in is not None:
        until = escort.access_request.window.closes_at
        admit_escorted(request, sign_in, Bound(key, number, until))
    if is_bound(request):
        return redirect("escorts:own", number)
    messages.success(
        request,
        _("%(name)s escorts you. You can connect until the window ends.")
        % {"name": escort.offered_by},
    )
    return redirect("requests:detail", number)


@open_to_escorted(lambda kwargs: str(kwargs["number"]))
@never_cache
@require_GET
def own(request: HttpRequest, number: str) -> HttpResponse:
    """All that somebody sees who is escorted: their request, its machines, how it ends."""
    user: User = request.user  # type: ignore[assignment]
    access_request = own_request(user, number)
    if not is_bound(request):
        return redirect("requests:detail", number)
    window = access_request.window
    may_connect = window.phase() == window.Phase.OPEN and not waits_for_line(window)
    context = {
        "access_request": access_request,
        "site": access_request.site,
        "window": window,
        "phase": window.phase(),
        "escort": escort_in_force(window, user, origin_of(request).web_session_ref),
        "consoles": [
            (endpoint, console_path(window, endpoint))
            for endpoint in requested_endpoints(access_request)
            if may_connect
        ],
        "waits_for_line": waits_for_line(window),
    }
    return render(request, "requests/escort_own.html", context)
