"""Mistakes of an installation, found before the first request is served."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def check_secret_key(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.SECRET_KEY != "not-set":  # noqa: S105 - the marker of a missing key
        return []
    return [
        Error(
            "There is no secret key.",
            hint=f"Run ./portal, or `manage.py ensure_keys`, to make {settings.KEYS_DIR}.",
            id="portal.E001",
        )
    ]


@register()
def check_time_zone(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.TIME_ZONE == "UTC" and settings.USE_TZ:
        return []
    return [
        Error(
            "Times must be stored in UTC.",
            hint="Leave TIME_ZONE at UTC; pages use the site's zone.",
            id="portal.E002",
        )
    ]
