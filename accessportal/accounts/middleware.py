"""Nobody gets past sign-in without a second factor; each page is in the person's language.

Deny by default: a view is open to somebody not signed in only when it carries Django's
`login_not_required` mark (sign-in, enrolment, invitation). Everything else redirects a
page, and answers 401 with a sentence to htmx, scripts and forms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from accessportal.accounts import shared
from accessportal.accounts.models import User
from accessportal.accounts.stepup import wants_page
from accessportal.errors import NotSignedIn
from accessportal.middleware import error_response


class AccountMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        on_shared = shared.is_shared(request)
        if request.session.get(SESSION_KEY) and not is_signed_in(request):
            end_web_session(request)
        elif shared.has_idled(request):
            shared.lay_down(request)
            end_web_session(request, notice="idle")
        elif on_shared:
            shared.note_use(request)
        if request.user.is_authenticated:
            speak_to(request, request.user)
        try:
            response = self.get_response(request)
        finally:
            timezone.deactivate()
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        if on_shared:
            shared.keep_nothing(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if request.user.is_authenticated or not getattr(view, "login_required", True):
            return None
        return turn_away(request)


def is_signed_in(request: HttpRequest) -> bool:
    """Signed in with a second factor that still exists, as a person whose access goes on."""
    user = request.user
    return bool(
        user.is_authenticated  # false for somebody disabled, expired, or of a suspended vendor
        and "factor_at" in request.session
        and user.is_verified()  # type: ignore[attr-defined]  # django-otp: the device is theirs
    )


def end_web_session(request: HttpRequest, *, notice: str = "ended") -> None:
    """Forget a web session whose person may not go on, and say so on the sign-in page."""
    language = translation.get_language()
    logout(request)
    if language:
        translation.activate(language)
    request.session["sign_in_notice"] = notice


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
    """Put what `end_web_session` left into this page's messages."""
    notice = request.session.pop("sign_in_notice", "")
    if notice == "idle":
        messages.info(
            request,
            _(
                "You were signed out, since nobody used this shared computer for a while. "
                "Work that was open on a machine is held: sign in to go on."
            ),
        )
    if notice == "ended":
        messages.warning(
            request,
            _(
                "You were signed out: your access or your second factor has ended. "
                "If you did not expect this, call your contact at the plant."
            ),
        )
