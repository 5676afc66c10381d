"""What every template may know: nothing secret, nothing slow."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accessportal import __version__

THEME_COOKIE = "portal_theme"
THEMES = {"light", "dark"}


def seconds_left(request: HttpRequest) -> int:
    """For how long the web session lasts if nothing is done; 0 for who is not signed in, or
    escorted: then the page listens to nothing, and asks for nothing by itself."""
    held: Any = getattr(request, "web_session", None)
    if held is None or held.bound_to:
        return 0
    left = min(held.idle_at, held.expires_at) - timezone.now()
    return max(1, int(left.total_seconds()))


def portal(request: HttpRequest) -> dict[str, Any]:
    """Version, demo mark, the theme chosen in this browser ("": the device's), server time."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "portal_version": __version__,
        "portal_demo": settings.DEMO,
        "portal_theme": theme if theme in THEMES else "",
        "portal_now": int(time.time() * 1000),
        "portal_shared_idle": settings.SHARED_IDLE_SECONDS,
        "portal_web_session": seconds_left(request),
        "portal_sign_in": getattr(getattr(request, "web_session", None), "pk", ""),
    }
