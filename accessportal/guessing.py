"""Somebody walks through ids or addresses: many refusals in a short time are one event.

Each refusal only counts in the cache; the trail gets one line for a burst, so that guessing
cannot be used to fill it. `accessportal.alerts` makes an alert of it.
"""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import HttpRequest

from accessportal import audit
from accessportal.origin import origin_of
from accessportal.rate_limits import uses, who_asks

logger = logging.getLogger(__name__)

REFUSALS = 30
SECONDS = 300
COUNTED = frozenset({403, 404})


def count_refusal(request: HttpRequest, status: int) -> None:
    """Count an answer that was "not yours"; say so when they become many."""
    if status not in COUNTED:
        return
    if uses("refused", who_asks(request), seconds=SECONDS) != REFUSALS:
        return
    match = request.resolver_match
    try:
        audit.record(
            "access.guessed",
            acting_user=request.user if request.user.is_authenticated else None,
            origin=origin_of(request),
            result="denied",
            refusals=REFUSALS,
            within_seconds=SECONDS,
            # The name of the page, never the path: that may hold a token.
            last_page=match.view_name if match is not None else "",
        )
    except DatabaseError:
        logger.exception("Could not record that somebody guesses")
