"""How often somebody may do what costs the portal or others something.

Counted in the cache (Redis in production, this process in the embedded profile), in windows
that begin with the first use: per person, or per address for who is not signed in. A cache
that cannot be asked limits nothing, and says so in the log: work at a machine matters more.
What stops something (freeze, end, isolate, revoke, suspend, disable) is never limited;
`tests/guards/test_rate_limits.py` holds that. Signing in has limits of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accessportal.errors import PortalError
from accessportal.origin import client_address

logger = logging.getLogger(__name__)


class TooOften(PortalError):
    """429: too often within a short time; `retry_after` is in seconds."""

    status = 429
    code = "too_often"

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        minutes = max(1, round(retry_after / 60))
        wait = ngettext(
            "Wait %(minutes)d minute, then try again.",
            "Wait %(minutes)d minutes, then try again.",
            minutes,
        ) % {"minutes": minutes}
        super().__init__(
            _("This was too often in a short time. Nothing was done.") + " " + wait
        )


def rate_limited(
    what: str, *, times: int, seconds: int, methods: tuple[str, ...] = ("GET", "POST")
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a view run `times` in `seconds` for one person or address; then `TooOften`."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.method in methods:
                count_or_refuse(what, who_asks(request), times=times, seconds=seconds)
            return view(request, *args, **kwargs)

        limited.rate_limit = (what, times, seconds)  # type: ignore[attr-defined]
        return limited

    return decorate


def who_asks(request: HttpRequest) -> str:
    """The person, or the address of who is not signed in."""
    if request.user.is_authenticated:
        return f"user-{request.user.pk}"
    return f"address-{client_address(request)}"


def count_or_refuse(what: str, who: str, *, times: int, seconds: int) -> None:
    """Count one use of `what` by `who`. Raises `TooOften` above `times` in `seconds`."""
    if uses(what, who, seconds=seconds) > times:
        raise TooOften(seconds)


def uses(what: str, who: str, *, seconds: int) -> int:
    """Count one use, and say the how manieth it is within `seconds`; 0 without a cache."""
    key = f"rate/{what}/{who}"
    try:
        if cache.add(key, 1, timeout=seconds):
            return 1
        return cache.incr(key)
    except ValueError:
        return 1  # it ran out between the two
    except Exception:  # noqa: BLE001 - a cache raises whatever its server's client raises
        logger.exception("The cache does not count; %s is not limited now", what)
        return 0
