"""Where an act comes from: the address, the second factor and the web session behind it."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

BROWSER_COOKIE = "portal_browser"
BROWSER_COOKIE_SECONDS = 400 * 24 * 3600
"""As long as browsers keep a cookie at most."""


@dataclass(frozen=True)
class Origin:
    """Facts about the origin of an act; `SYSTEM` is the portal itself.

    address: IP address of the browser, as text. factor: kind of the second factor last
    used in this web session. factor_at: epoch seconds of that use. web_session_ref:
    hash of the web session's key, never the key itself; the same after a step-up. browser:
    hash of the token in this browser's cookie, "" without one; None where no browser is
    behind the act. api_token: prefix of the token, where a machine acts for the person.
    """

    address: str = ""
    factor: str = ""
    factor_at: float = 0.0
    web_session_ref: str = ""
    user_agent: str = ""
    browser: str | None = None
    api_token: str = ""


SYSTEM = Origin()


def client_address(request: HttpRequest) -> str:
    """The browser's address; X-Forwarded-For is believed only from `TRUSTED_PROXIES`."""
    return address_behind_proxies(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
    )


def address_behind_proxies(peer: str, forwarded_for: str) -> str:
    """Walk X-Forwarded-For from the right while the hop is a trusted proxy."""
    address = peer
    for hop in reversed(
        [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    ):
        if address not in settings.TRUSTED_PROXIES:
            break
        address = hop
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""


def web_session_ref(session_key: str | None) -> str:
    """A short stable reference to a web session that does not reveal its key."""
    if not session_key:
        return ""
    return hashlib.sha256(session_key.encode()).hexdigest()[:16]


def browser_of(request: HttpRequest) -> str:
    """The hash of this browser's token; "" where it brings none, or a forged one."""
    token = request.get_signed_cookie(BROWSER_COOKIE, default="", salt=BROWSER_COOKIE)
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


def mark_browser(request: HttpRequest, response: HttpResponse) -> None:
    """Give a browser that has none a token: random, signed, the same for whoever uses it."""
    if browser_of(request):
        return
    response.set_signed_cookie(
        BROWSER_COOKIE,
        secrets.token_urlsafe(16),
        salt=BROWSER_COOKIE,
        max_age=BROWSER_COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def origin_of(request: HttpRequest) -> Origin:
    """The origin of an act made in the browser."""
    web_session: Any = getattr(request, "session", {})
    held: Any = getattr(request, "web_session", None)
    return Origin(
        address=client_address(request),
        factor=web_session.get("factor_kind", ""),
        factor_at=web_session.get("factor_at", 0.0),
        web_session_ref=web_session_ref(held.key if held is not None else None),
        user_agent=request.headers.get("User-Agent", "")[:200],
        browser=browser_of(request),
    )
