"""What is done in and to a live session: JSON for the console, a redirect for plain forms."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accessportal.accounts.escorted import is_bound
from accessportal.accounts.stepup import require_fresh_factor_or_escort
from accessportal.accounts.web_sessions import web_session_key
from accessportal.errors import FreshFactorNeeded, NotPossible
from accessportal.origin import origin_of
from accessportal.rate_limits import count_or_refuse, rate_limited, who_asks
from requests.services.escort import enter_by_code
from requests.services.extension import request_extension
from sessions.access import (
    session_endable_by,
    session_freezable_by,
    session_joinable_by,
    session_operable_by,
    session_visible_to,
)
from sessions.escorted import in_own_session
from sessions.services.console import request_end, send_message
from sessions.services.freezes import freeze_session, resume_session, unfreeze_session
from sessions.services.phrases import send_phrase
from sessions.services.tickets import issue_ticket
from sessions.views.answers import done
from sessions.views.console import back_from_break


@in_own_session
@rate_limited("ticket", times=120, seconds=60, methods=("POST",))
@require_POST
def ticket(request: HttpRequest, pk: UUID) -> JsonResponse:
    """A one-use way into the session's tunnel; asked for before each connection."""
    brokered_session = session_visible_to(request.user, pk)  # type: ignore[arg-type]
    if back_from_break(request, brokered_session):
        raise FreshFactorNeeded
    issued = issue_ticket(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
        web_session_key=web_session_key(request),
        vantage="board" if request.POST.get("for") == "board" else "console",
    )
    return JsonResponse(
        {"path": issued.path, "token": issued.token, "expires_at": issued.expires_at}
    )


@in_own_session
@rate_limited("message", times=60, seconds=60, methods=("POST",))
@require_POST
def message(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A line (`text`), or a fixed phrase by its key (`phrase`)."""
    brokered_session = session_visible_to(request.user, pk)  # type: ignore[arg-type]
    who = {"acting_user": request.user, "origin": origin_of(request)}
    if request.POST.get("phrase"):
        send_phrase(brokered_session, phrase=request.POST["phrase"], **who)  # type: ignore[arg-type]
    else:
        send_message(brokered_session, text=request.POST.get("text", ""), **who)  # type: ignore[arg-type]
    return done(request, brokered_session, _("Sent."))


@in_own_session
@require_POST
def more_time(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The contractor asks for more minutes; the plant decides on it."""
    brokered_session = session_operable_by(request.user, pk)  # type: ignore[arg-type]
    try:
        minutes = int(request.POST.get("minutes", ""))
    except ValueError:
        raise NotPossible(_("Say how many minutes you need.")) from None
    request_extension(
        brokered_session.window,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
        minutes=minutes,
        reason=request.POST.get("reason", ""),
    )
    sentence = _("Asked for %(minutes)d more minutes. The plant has been told.")
    return done(request, brokered_session, sentence % {"minutes": minutes})


@require_POST
def freeze(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop all input at once; no fresh factor, stopping must be fast."""
    brokered_session = session_freezable_by(request.user, pk)  # type: ignore[arg-type]
    freeze_session(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
        message=request.POST.get("reason", "").strip(),
        despite_step=bool(request.POST.get("despite_step")),
    )
    return done(
        request,
        brokered_session,
        _("Frozen. Nothing the contractor does reaches the machine."),
    )


@require_POST
def unfreeze(request: HttpRequest, pk: UUID) -> HttpResponse:
    brokered_session = session_freezable_by(request.user, pk)  # type: ignore[arg-type]
    unfreeze_session(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
    )
    return done(request, brokered_session, _("The contractor can go on."))


@in_own_session
@sensitive_post_parameters("code")
@require_POST
@require_fresh_factor_or_escort
def resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The contractor goes on after idling or other drift, with a fresh second factor; who is
    escorted without one, by the `code` of another call."""
    brokered_session = session_joinable_by(request.user, pk)  # type: ignore[arg-type]
    if is_bound(request) and request.POST.get("code"):
        _take_code(request)
    resume_session(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
        web_session_key=web_session_key(request),
    )
    return done(request, brokered_session, _("You can go on."))


def _take_code(request: HttpRequest) -> None:
    """As the code's own page does (`requests.views.escort`), where the work stands still."""
    count_or_refuse("escort-code", who_asks(request), times=30, seconds=600)
    origin = origin_of(request)
    enter_by_code(
        acting_user=request.user,  # type: ignore[arg-type]
        code=request.POST["code"],
        origin=origin,
        web_session_ref=origin.web_session_ref,
        factor_used=False,
        bound_to=request.web_session.bound_to,  # type: ignore[attr-defined]
    )


@in_own_session
@require_POST
def end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End for everyone, at once; no fresh factor, stopping must be fast."""
    brokered_session = session_endable_by(request.user, pk)  # type: ignore[arg-type]
    request_end(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
        note=request.POST.get("reason", "").strip(),
        despite_step=bool(request.POST.get("despite_step")),
    )
    return done(request, brokered_session, _("The session is being ended."))
