"""What every template may know: nothing secret, nothing slow."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accessportal import __version__


def portal(request: HttpRequest) -> dict[str, Any]:
    return {"portal_version": __version__, "portal_demo": settings.DEMO}
