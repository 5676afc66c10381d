"""What every template may know: nothing secret, nothing slow."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accessportal import __version__

THEME_COOKIE = "portal_theme"
THEMES = {"light", "dark"}


def portal(request: HttpRequest) -> dict[str, Any]:
    """Version, demo mark, the theme chosen in this browser ("": the device's), server time."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "portal_version": __version__,
        "portal_demo": settings.DEMO,
        "portal_theme": theme if theme in THEMES else "",
        "portal_now": int(time.time() * 1000),
        "portal_shared_idle": settings.SHARED_IDLE_SECONDS,
    }
