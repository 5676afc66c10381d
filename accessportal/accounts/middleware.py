"""Nobody gets past sign-in without a second factor; each page is in the person's language.

Deny by default: a view is open to somebody not signed in only when it carries Django's
`login_not_required` mark (sign-in, enrolment, invitation). Everything else redirects a
page, and answers 401 with a sentence to htmx, scripts and forms.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _

from accessportal.accounts import shared
from accessportal.accounts.escorted import is_open_to_escorted, lead_back
from accessportal.accounts.models import User, WebSession
from accessportal.accounts.rights import rights_remembered
from accessportal.accounts.stepup import wants_page
from accessportal.accounts.web_sessions import (
    NOTICE,
    Ended,
    cause_of,
    cookie_hash,
    end_web_session,
    note_use,
    web_session_of_cookie,
)
from accessportal.errors import NotSignedIn
from accessportal.middleware import error_response, is_full
from accessportal.origin import client_address

logger = logging.getLogger(__name__)

NOTICES = {
    "ended": _(
        "You were signed out: your access or your second factor has ended. "
        "If you did not expect this, call your contact at the plant."
    ),
    str(Ended.REVOKED): _(
        "You were signed out from another device. "
        "If it was not you, call your contact at the plant."
    ),
    str(Ended.PASSWORD): _(
        "You were signed out: your password was changed. "
        "If it was not you, call your contact at the plant."
    ),
    str(Ended.ROLE): _("You were signed out: your role was changed. Sign in again."),
    str(Ended.IDLE): _(
        "You were signed out: nothing was done for a while. Sign in again to go on."
    ),
    "idle_shared": _(
        "You were signed out, since nobody used this shared computer for a while. "
        "Work that was open on a machine is held: sign in to go on."
    ),
    str(Ended.LIMIT): _(
        "You were signed out: you had been signed in for as long as a sign-in lasts. "
        "Sign in again to go on."
    ),
    str(User.Cause.CAME_BACK): _(
        "Your second factor is set up. Before you can sign in, an administrator has to confirm "
        "that it is you; a mail then tells you."
    ),
}


class AccountMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        on_shared = shared.is_shared(request)
        web_session = self._web_session_of(request)
        if request.user.is_authenticated:
            speak_to(request, request.user)
        reads_only = request.method in {"GET", "HEAD"}
        try:
            with rights_remembered() if reads_only else nullcontext():
                response = self.get_response(request)
        finally:
            timezone.deactivate()
        if web_session is not None and came_with_former_cookie(request, web_session):
            # The browser has a newer one by now, and must keep it.
            request.session.modified = False
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        if on_shared:
            shared.keep_nothing(request, response)
        return response

    def _web_session_of(self, request: HttpRequest) -> WebSession | None:
        """The web session that lets this request in; one that may not go on is forgotten."""
        request.web_session = None  # type: ignore[attr-defined]
        person = request.session.get(SESSION_KEY)
        if not person:
            return None
        found = web_session_of_cookie(request.session.session_key, person)
        if found is not None and found.shared and has_run_out(found):
            # Nobody left the work: it is held until the person is back.
            shared.lay_down(request, found.key)
        if found is None or not is_signed_in(request, found):
            forget_web_session(request, found)
            return None
        found.user = request.user  # type: ignore[assignment]  # the same row, which is here
        request.web_session = found  # type: ignore[attr-defined]
        if is_persons_act(request):
            note_use_if_there_is_room(found, request)
        return found

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        web_session: WebSession | None = request.web_session  # type: ignore[attr-defined]
        if web_session is not None and web_session.bound_to:
            if is_open_to_escorted(view, kwargs, web_session.bound_to):
                return None
            return lead_back(request, web_session.bound_to)
        if request.user.is_authenticated or not getattr(view, "login_required", True):
            return None
        return turn_away(request)


def is_signed_in(request: HttpRequest, web_session: WebSession) -> bool:
    """Signed in with a second factor that still exists, as a person whose access goes on, in
    a web session that nobody ended and that has not run out of time. An escorted person has
    no factor, and is let through to their one request only (`process_view`)."""
    user = request.user
    return bool(
        web_session.is_alive_at(timezone.now())
        and user.is_authenticated  # false for somebody disabled, expired, or of a suspended vendor
        and (
            web_session.bound_to
            or (
                "factor_at" in request.session and user.is_verified()  # type: ignore[attr-defined]  # django-otp: the device is theirs
            )
        )
    )


def is_persons_act(request: HttpRequest) -> bool:
    """Whether somebody did something: opened a page, or sent something. What a page fetches
    by itself says so (`Portal-Automatic`), or is a part or JSON that was only read."""
    # django_htmx comes after this middleware, so its header is read here.
    if {"Portal-Automatic", "X-Portal-News"} & set(request.headers):
        return False
    if "HX-Request" in request.headers and request.method != "POST":
        return False
    return request.method == "POST" or wants_page(request)


def note_use_if_there_is_room(web_session: WebSession, request: HttpRequest) -> None:
    """A full disk keeps nobody from reading; who does is idle sooner, no more."""
    try:
        note_use(web_session, address=client_address(request))
    except DatabaseError as error:
        if not is_full(error):
            raise
        logger.error("No room on the disk: the use of a web session", exc_info=error)


def has_run_out(web_session: WebSession) -> bool:
    """Whether the clock ends this web session now."""
    return web_session.ended_at is None and not web_session.is_alive_at(timezone.now())


def came_with_former_cookie(request: HttpRequest, web_session: WebSession) -> bool:
    """Whether the id of this request was replaced at a step-up while it was under way."""
    return web_session.cookie_hash != cookie_hash(request.session.session_key or "")


def forget_web_session(request: HttpRequest, web_session: WebSession | None) -> None:
    """Sign out a browser that may not go on, and leave word for the sign-in page."""
    notice = "ended"
    if web_session is not None:
        now = timezone.now()
        if web_session.ended_at is None and not web_session.is_alive_at(now):
            cause = cause_of(web_session, now)
            end_web_session(web_session, reason=cause, acting_user=None)
            notice = "idle_shared" if web_session.shared else str(cause)
        elif web_session.ended_at is not None:
            notice = web_session.ended_reason
    language = translation.get_language()
    logout(request)
    if language:
        translation.activate(language)
    request.session[NOTICE] = notice


def speak_to(request: HttpRequest, user: User) -> None:
    """Use the person's language and time zone for this page."""
    translation.activate(user.language)
    request.LANGUAGE_CODE = translation.get_language()
    try:
        timezone.activate(ZoneInfo(user.time_zone))
    except (ZoneInfoNotFoundError, ValueError):
        timezone.deactivate()


def turn_away(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back afterwards; a form that was sent is told, not thrown away."""
    if request.method in {"GET", "HEAD"} and wants_page(request):
        sign_in = reverse("accounts:sign_in")
        if request.path == "/":
            return redirect(sign_in)
        return redirect(f"{sign_in}?{urlencode({'next': request.get_full_path()})}")
    return error_response(request, NotSignedIn())


def notice_of(request: HttpRequest) -> None:
    """Put what `forget_web_session` left into this page's messages."""
    notice = request.session.pop(NOTICE, "")
    if notice:
        messages.warning(request, NOTICES.get(notice, NOTICES["ended"]))
