"""A shared computer: said at sign-in, for one that others use too. Nothing stays behind.

The web session ends with the browser and after a short while without use; no page of it is
kept by the browser; signing out takes along what this browser knew of the person. Whoever
comes back to work on a machine after a break confirms with the second factor.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accessportal.accounts.signals import web_session_in_use, web_session_laid_down
from accessportal.context import THEME_COOKIE

KEY = "shared_computer"  # in the web session
SEEN = "seen_at"
NEWS_HEADER = "X-Portal-News"
"""Sent by a part of a page that fetches itself again: nobody is there because of that."""
WRITE_EVERY_SECONDS = 30


def is_shared(request: HttpRequest) -> bool:
    return bool(request.session.get(KEY))


def begin(request: HttpRequest) -> None:
    """From now on this web session is one of a shared computer."""
    request.session[KEY] = True
    request.session[SEEN] = time.time()
    request.session.set_expiry(0)  # a cookie that goes with the browser


def has_idled(request: HttpRequest) -> bool:
    """Whether nobody used this web session for `SHARED_IDLE_SECONDS`, in a console neither."""
    if not is_shared(request):
        return False
    unused = time.time() - request.session.get(SEEN, 0.0)
    if unused <= settings.SHARED_IDLE_SECONDS:
        return False
    answers = web_session_in_use.send(HttpRequest, key=request.session.session_key)
    return not any(used for _receiver, used in answers)


def note_use(request: HttpRequest) -> None:
    """Somebody is there; written now and then, not with every page."""
    if request.headers.get(NEWS_HEADER):
        return
    if time.time() - request.session.get(SEEN, 0.0) > WRITE_EVERY_SECONDS:
        request.session[SEEN] = time.time()


def lay_down(request: HttpRequest) -> None:
    """Before a web session ends without its person's leaving the work: what is open on machines
    is held for them until they come back in another one."""
    web_session_laid_down.send(
        HttpRequest, user=request.user, key=request.session.session_key
    )


def keep_nothing(request: HttpRequest, response: HttpResponse) -> None:
    """No page of a shared computer is kept; after signing out nothing else is, either."""
    response["Cache-Control"] = "no-store"
    if request.user.is_authenticated:
        return
    response["Clear-Site-Data"] = '"cache", "storage"'
    for name in (settings.LANGUAGE_COOKIE_NAME, THEME_COOKIE):
        response.delete_cookie(name, samesite="Lax")
