"""Starting a session, working in it, watching it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accessportal.accounts.authorisation import Action
from accessportal.accounts.escorted import is_bound
from accessportal.accounts.models import User
from accessportal.accounts.notice import NOTICE_VERSION
from accessportal.accounts.shared import is_shared
from accessportal.accounts.stepup import (
    brings_factor,
    confirm_code,
    fresh_factor,
)
from accessportal.accounts.web_sessions import web_session_key
from accessportal.errors import NotPossible, PortalError
from accessportal.origin import mark_browser, origin_of
from accessportal.plants.models import Endpoint
from accessportal.words import zone_names
from requests.models import MaintenanceWindow
from sessions.access import (
    endpoint_startable_by,
    may_at,
    session_joinable_by,
    session_visible_to,
    session_watchable_by,
)
from sessions.console_texts import (
    ROUTES,
    advice_for,
    console_texts,
    extension_news,
)
from sessions.escorted import in_own_session, in_own_window
from sessions.models import BrokeredSession
from sessions.policy import decide
from sessions.policy_facts import facts_at_start
from sessions.services.console import start_session
from sessions.services.critical_step import SUGGESTED_MINUTES
from sessions.services.left_desktops import open_question
from sessions.services.live_session import role_of
from sessions.services.phrases import PHRASES, side_of
from sessions.services.status import session_status
from sessions.services.web_sessions import away_for
from sessions.views.baton import must_join_first

Screen = tuple[int, int]
USUAL_SCREEN: Screen = (1280, 800)
WANTS_A_CODE = {"fresh_factor_needed", "risk_step_up"}
"""What the form's own field for the code does away with."""
EXTENSION_MINUTES = (15, 30, 60, 120)


@in_own_window
@never_cache
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, window_pk: int, endpoint_pk: int) -> HttpResponse:
    """What will be reached, until when, that it is recorded; then the second factor, then in."""
    user: User = request.user  # type: ignore[assignment]
    window, endpoint = endpoint_startable_by(user, window_pk, endpoint_pk)
    if request.method == "GET":
        return _start_page(request, window, endpoint)
    try:
        if request.POST.get("notice") != NOTICE_VERSION:
            raise NotPossible(
                _("Please read and accept the notice about the recording first."),
                code="notice_not_accepted",
            )
        site = endpoint.asset.zone.site
        proves = brings_factor(request) or not fresh_factor(request, site)
        # Whoever is escorted over the factor has none at hand; policy knows by whom.
        if proves and not is_bound(request):
            confirm_code(request)
        width, height = _screen_of(request)
        brokered_session = start_session(
            window,
            endpoint,
            acting_user=user,
            origin=origin_of(request),
            web_session_key=web_session_key(request),
            width=width,
            height=height,
            notice_version=NOTICE_VERSION,
        )
    except PortalError as error:
        return _start_page(request, window, endpoint, error=error)
    return redirect("sessions:console", pk=brokered_session.pk)


@in_own_session
@never_cache
@require_GET
def console(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A session to work in, alone or by turns. Over: its page says why."""
    brokered_session = session_joinable_by(request.user, pk)  # type: ignore[arg-type]
    if not brokered_session.is_live and is_bound(request):
        return redirect("escorts:own", brokered_session.window.access_request.number)
    if not brokered_session.is_live:
        return redirect("sessions:detail", pk=brokered_session.pk)
    if must_join_first(request, brokered_session):
        return redirect("sessions:join", pk=brokered_session.pk)
    if back_from_break(request, brokered_session):
        query = urlencode({"next": request.get_full_path()})
        return redirect(f"{reverse('accounts:confirm')}?{query}")
    return render(
        request, "sessions/console.html", _screen_context(request, brokered_session)
    )


def back_from_break(request: HttpRequest, brokered_session: BrokeredSession) -> bool:
    """Whether somebody comes back to a console of a shared computer after a while: the second
    factor says that it is still them. On a computer of one's own nothing is asked."""
    if not is_shared(request) or fresh_factor(request):
        return False
    away = away_for(
        brokered_session,
        request.user,  # type: ignore[arg-type]
        web_session_key(request),
    )
    return away > settings.SHARED_BREAK_SECONDS


@never_cache
@require_GET
def watch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same picture, read-only, for the plant; the contractor sees who watches."""
    brokered_session = session_watchable_by(request.user, pk)  # type: ignore[arg-type]
    if not brokered_session.is_live:
        return redirect("sessions:detail", pk=brokered_session.pk)
    return render(
        request, "sessions/watch.html", _screen_context(request, brokered_session)
    )


@in_own_session
@never_cache
@require_GET
def status(request: HttpRequest, pk: UUID) -> JsonResponse:
    """What the console asks when its socket is refused, and while it waits for news."""
    brokered_session = session_visible_to(request.user, pk)  # type: ignore[arg-type]
    said = session_status(brokered_session, request.user)  # type: ignore[arg-type]
    return JsonResponse({**said, "extension": extension_news(brokered_session)})


def _screen_of(request: HttpRequest) -> Screen:
    """The size that the browser offers; the broker clamps it. Nonsense means the usual size."""
    try:
        return int(request.POST["width"]), int(request.POST["height"])
    except (KeyError, ValueError):
        return USUAL_SCREEN


def _start_page(
    request: HttpRequest,
    window: MaintenanceWindow,
    endpoint: Endpoint,
    *,
    error: PortalError | None = None,
) -> HttpResponse:
    """The start page; `error` says why the last try did not lead in."""
    user: User = request.user  # type: ignore[assignment]
    facts = facts_at_start(window, endpoint, user, origin_of(request))
    verdict = decide(facts)
    refusals = [
        {
            "code": rule.code,
            "sentence": rule.said_of(facts),
            "advice": advice_for(rule.code, endpoint),
        }
        for rule in verdict.reasons
        if rule.code not in WANTS_A_CODE
    ]
    own = BrokeredSession.objects.live().filter(
        window=window, endpoint=endpoint, started_by=user, end_requested_at__isnull=True
    )
    at_code = error is not None and error.code in {
        "code_missing",
        "code_refused",
        "risk_step_up",
    }
    context = {
        "window": window,
        "access_request": window.access_request,
        "endpoint": endpoint,
        "asset": endpoint.asset,
        "site": endpoint.asset.zone.site,
        "refusals": refusals,
        "escorted": is_bound(request),
        "shell": "base_bare.html" if is_bound(request) else "base.html",
        "back_path": reverse("escorts:own", args=[window.access_request.number])
        if is_bound(request)
        else reverse("windows:list"),
        "back_words": window.access_request.number
        if is_bound(request)
        else _("Windows"),
        "escorted_by": facts.escorted_by,
        "only_waits": [refusal["code"] for refusal in refusals] == ["window_not_open"],
        "own_session": own.first(),
        "desktop_question": open_question(endpoint),
        "notice_version": NOTICE_VERSION,
        "notice_accepted": request.POST.get("notice") == NOTICE_VERSION,
        "error": error,
        "code_error": error.sentence if error is not None and at_code else "",
        "step_up": next(
            (
                rule.said_of(facts)
                for rule in verdict.reasons
                if rule.code == "risk_step_up"
            ),
            "",
        ),
        "screen": USUAL_SCREEN,
    }
    response = render(
        request, "sessions/start.html", context, status=error.status if error else 200
    )
    mark_browser(request, response)
    return response


def _screen_context(
    request: HttpRequest, brokered_session: BrokeredSession
) -> dict[str, Any]:
    user: User = request.user  # type: ignore[assignment]
    endpoint = brokered_session.endpoint
    site = endpoint.asset.zone.site
    role = role_of(user, brokered_session)
    facts = {
        "session": str(brokered_session.pk),
        "number": brokered_session.number,
        "role": role,
        "permission": brokered_session.permission,
        "asset": str(endpoint.asset),
        "timeZone": site.time_zone,
        "zoneNames": zone_names(site.time_zone, timezone.now().year),
        "csrf": get_token(request),
        "side": side_of(user),
        "openPanel": "baton" if request.GET.get("panel") == "baton" else "",
        "urls": {
            **{
                name: reverse(f"sessions:{route}", args=[brokered_session.pk])
                for name, route in ROUTES.items()
            },
            "accept_charge": reverse("sessions:shift_accept"),
        },
    }
    return {
        "brokered_session": brokered_session,
        "escorted": is_bound(request),
        "access_request": brokered_session.window.access_request,
        "window": brokered_session.window,
        "endpoint": endpoint,
        "asset": endpoint.asset,
        "site": site,
        "role": role,
        "extension_minutes": EXTENSION_MINUTES,
        "may_freeze": may_at(user, Action.SESSION_FREEZE, brokered_session),
        "may_charge": may_at(user, Action.SESSION_CHARGE, brokered_session),
        "of_plant": user.vendor_id is None,
        "phrases": [
            (key, phrase)
            for key, phrase in PHRASES.items()
            if phrase.side == side_of(user)
        ],
        "step_minutes": SUGGESTED_MINUTES,
        "may_control": may_at(user, Action.SESSION_CONTROL, brokered_session),
        # A companion may, while working; the verb decides.
        "may_end": user.vendor_id is not None
        or may_at(user, Action.SESSION_END, brokered_session),
        "console_data": {"facts": facts, "texts": console_texts()},
    }
