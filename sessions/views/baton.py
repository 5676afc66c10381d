"""Whose hands work: joining as a companion, the baton, control by the plant, the hold."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.notice import NOTICE_VERSION
from accessportal.accounts.stepup import (
    confirm_code,
    fresh_factor,
    require_fresh_factor,
)
from accessportal.accounts.web_sessions import web_session_key
from accessportal.errors import NotPossible, PortalError
from accessportal.origin import origin_of
from sessions.access import (
    session_controllable_by,
    session_endable_by,
    session_joinable_by,
)
from sessions.companions import has_joined_before, verdict_on_joining
from sessions.console_texts import advice_for
from sessions.models import BrokeredSession
from sessions.services import baton
from sessions.services.joining import accept_notice
from sessions.views.answers import done


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A companion's way in: what will be reached, that it is recorded, the second factor."""
    user: User = request.user  # type: ignore[assignment]
    brokered_session = session_joinable_by(user, pk)
    if not brokered_session.is_live:
        return redirect("sessions:detail", pk=brokered_session.pk)
    if request.method == "GET":
        return _join_page(request, brokered_session)
    try:
        if request.POST.get("notice") != NOTICE_VERSION:
            raise NotPossible(
                _("Please read and accept the notice about the recording first."),
                code="notice_not_accepted",
            )
        if not fresh_factor(request, brokered_session.endpoint.asset.zone.site):
            confirm_code(request)
        accept_notice(
            brokered_session,
            acting_user=user,
            origin=origin_of(request),
            web_session_key=web_session_key(request),
            version=NOTICE_VERSION,
        )
    except PortalError as error:
        return _join_page(request, brokered_session, error=error)
    request.session[_accepted(brokered_session)] = NOTICE_VERSION
    return redirect("sessions:console", pk=brokered_session.pk)


def must_join_first(request: HttpRequest, brokered_session: BrokeredSession) -> bool:
    """Whether somebody who opens the console comes by the page above first."""
    user: User = request.user  # type: ignore[assignment]
    if brokered_session.started_by_id == user.pk:
        return False
    if request.session.get(_accepted(brokered_session)) != NOTICE_VERSION:
        return True
    site = brokered_session.endpoint.asset.zone.site
    return not fresh_factor(request, site) and not has_joined_before(
        brokered_session,
        user,
        origin=origin_of(request),
        web_session_key=web_session_key(request),
    )


def _accepted(brokered_session: BrokeredSession) -> str:
    """Where the web session keeps that the notice was accepted for this session."""
    return f"notice:{brokered_session.pk}"


@require_POST
def ask_baton(request: HttpRequest, pk: UUID) -> HttpResponse:
    brokered_session = session_joinable_by(request.user, pk)  # type: ignore[arg-type]
    baton.ask_for_baton(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
    )
    return done(request, brokered_session, _("Asked. Whoever works sees it."))


@require_POST
def pass_baton(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`to`: the id of the person; one's own, of the owner, takes it back."""
    brokered_session = session_joinable_by(request.user, pk)  # type: ignore[arg-type]
    receiver = baton.pass_baton(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
        to=request.POST.get("to", ""),
    )
    return done(
        request, brokered_session, _("%(name)s works now.") % {"name": receiver}
    )


@require_POST
@require_fresh_factor
def take_control(request: HttpRequest, pk: UUID) -> HttpResponse:
    brokered_session = session_controllable_by(request.user, pk)  # type: ignore[arg-type]
    baton.take_control(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
        reason=request.POST.get("reason", ""),
        despite_step=bool(request.POST.get("despite_step")),
    )
    return done(
        request,
        brokered_session,
        _("You have control. Nobody else's input reaches the machine."),
    )


@require_POST
def return_control(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`to`: the id of the person who works from now on; empty: the one who started."""
    brokered_session = session_controllable_by(request.user, pk)  # type: ignore[arg-type]
    receiver = baton.return_control(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
        to=request.POST.get("to", ""),
    )
    return done(
        request, brokered_session, _("%(name)s works now.") % {"name": receiver}
    )


@require_POST
def keep_hold(request: HttpRequest, pk: UUID) -> HttpResponse:
    brokered_session = session_endable_by(request.user, pk)  # type: ignore[arg-type]
    baton.keep_hold(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
        note=request.POST.get("reason", ""),
    )
    return done(
        request,
        brokered_session,
        _("Kept: it waits for its person until the window ends."),
    )


def _join_page(
    request: HttpRequest,
    brokered_session: BrokeredSession,
    *,
    error: PortalError | None = None,
) -> HttpResponse:
    """The page; `error` says why the last try did not lead in."""
    user: User = request.user  # type: ignore[assignment]
    endpoint = brokered_session.endpoint
    verdict = verdict_on_joining(
        brokered_session,
        user,
        origin=origin_of(request),
        web_session_key=web_session_key(request),
    )
    refusals: list[dict[str, Any]] = [
        {"sentence": rule.sentence, "advice": advice_for(rule.code, endpoint)}
        for rule in verdict.reasons
        if rule.code != "fresh_factor_needed"
    ]
    at_code = error is not None and error.code in {"code_missing", "code_refused"}
    context = {
        "brokered_session": brokered_session,
        "access_request": brokered_session.window.access_request,
        "window": brokered_session.window,
        "endpoint": endpoint,
        "asset": endpoint.asset,
        "site": endpoint.asset.zone.site,
        "refusals": refusals,
        "notice_version": NOTICE_VERSION,
        "notice_accepted": request.POST.get("notice") == NOTICE_VERSION,
        "error": error,
        "code_error": error.sentence if error is not None and at_code else "",
    }
    return render(
        request, "sessions/join.html", context, status=error.status if error else 200
    )
