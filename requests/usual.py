"""How long a decision usually takes at a site: from what it took lately."""

from __future__ import annotations

from datetime import timedelta
from statistics import median

from accessportal.plants.models import Site
from accessportal.words import length_words
from requests.models import AccessRequest

LOOKED_AT = 50
AT_LEAST = 3
"""Fewer decisions than that say nothing."""


def usual_time_to_decide(site: Site) -> timedelta | None:
    """The median of the last decisions at the site, from sending to the yes or no."""
    State = AccessRequest.State
    took = (
        AccessRequest.objects.filter(
            site=site, state__in=(State.APPROVED, State.DENIED), closed_at__isnull=False
        )
        .order_by("-submitted_at")
        .values_list("submitted_at", "closed_at")[:LOOKED_AT]
    )
    seconds = [
        (closed - sent).total_seconds() for sent, closed in took if closed is not None
    ]
    return timedelta(seconds=median(seconds)) if len(seconds) >= AT_LEAST else None


def usual_words(access_request: AccessRequest) -> str:
    """`40 min` while a request waits, where enough was decided to say so; else empty."""
    if access_request.state != AccessRequest.State.PENDING:
        return ""
    took = usual_time_to_decide(access_request.site)
    return length_words(took.total_seconds()) if took is not None else ""
