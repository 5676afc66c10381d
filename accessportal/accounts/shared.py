"""A shared computer: said at sign-in, for one that others use too. Nothing stays behind.

The web session ends with the browser and after a short while without use; no page of it is
kept by the browser; signing out takes along what this browser knew of the person. Whoever
comes back to work on a machine after a break confirms with the second factor.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accessportal.accounts.signals import web_session_laid_down
from accessportal.accounts.web_sessions import web_session_key
from accessportal.context import THEME_COOKIE

KEY = "shared_computer"  # in the web session


def is_shared(request: HttpRequest) -> bool:
    return bool(request.session.get(KEY))


def begin(request: HttpRequest) -> None:
    """From now on this web session is one of a shared computer."""
    request.session[KEY] = True
    request.session.set_expiry(0)  # a cookie that goes with the browser


def lay_down(request: HttpRequest, key: str = "") -> None:
    """Before a web session ends without its person's leaving the work: what is open on machines
    is held for them until they come back in another one."""
    web_session_laid_down.send(
        HttpRequest, user=request.user, key=key or web_session_key(request)
    )


def forget_person(response: HttpResponse) -> None:
    """After signing out, on any computer: nothing that pages or scripts of this person kept.

    Without "cookies": that drops those of every application under the plant's domain, and
    the portal takes back its own by itself.
    """
    response["Clear-Site-Data"] = '"storage"'


def keep_nothing(request: HttpRequest, response: HttpResponse) -> None:
    """No page of a shared computer is kept; after signing out nothing else is, either."""
    response["Cache-Control"] = "no-store"
    if request.user.is_authenticated:
        return
    left = response.get("Clear-Site-Data", '"storage"')
    response["Clear-Site-Data"] = f'"cache", {left}'
    for name in (settings.LANGUAGE_COOKIE_NAME, THEME_COOKIE):
        response.delete_cookie(name, samesite="Lax")
