"""Who has a request now, for the contractor who waits: told, rang, seen; and how long it takes.

It names the site, never a person: who is on shift is the plant's business until somebody has
decided. The screens of a control room are added by who knows them (`asked_where`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Any

from django.dispatch import Signal

from accessportal.notifications.models import Notification
from accessportal.plants.roster import Roster
from requests.models import AccessRequest, ApprovalDecision

asked_where = Signal()
"""Sent with `access_request`; a receiver returns a list of `Told`. Goes up the arrow."""

USUAL_OF = 30
"""So many decisions of the site, the last ones, say how long it usually takes."""
USUAL_LEAST = 3


@dataclass(frozen=True)
class Told:
    """Some people, or a screen at a place: the first of each moment. people: 0 for a screen."""

    place: str
    people: int
    told_at: datetime | None
    rang_at: datetime | None
    seen_at: datetime | None
    # Whether they are on shift now; None where the site has no roster, or for a screen.
    on_shift: bool | None = None


def told_about(access_request: AccessRequest, roster: Roster | None) -> list[Told]:
    """The people of the plant who were told of it, those on shift first where the site has a
    roster; then each screen."""
    rows = list(
        Notification.objects.filter(
            about=access_request.number, recipient__vendor__isnull=True
        ).prefetch_related("deliveries")
    )
    parts: dict[bool | None, list[Notification]] = {True: [], None: [], False: []}
    for row in rows:
        there = row.recipient_id in roster.people_now if roster else None
        parts[there].append(row)
    found = [
        _told(access_request.site.name, part, on_shift)
        for on_shift, part in parts.items()
        if part
    ]
    answers: list[tuple[Any, Any]] = asked_where.send(
        AccessRequest, access_request=access_request
    )
    return found + [told for _receiver, screens in answers for told in screens]


def _told(place: str, rows: list[Notification], on_shift: bool | None) -> Told:
    deliveries = [delivery for row in rows for delivery in row.deliveries.all()]
    return Told(
        place=place,
        people=len({row.recipient_id for row in rows}),
        on_shift=on_shift,
        told_at=_first(delivery.sent_at for delivery in deliveries)
        or _first(row.created_at for row in rows),
        rang_at=_first(delivery.shown_at for delivery in deliveries),
        seen_at=_first(row.read_at for row in rows),
    )


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def usual_wait(access_request: AccessRequest) -> timedelta | None:
    """From asking to the decision, half of the last ones at this site were faster; in whole
    minutes, at least one. None where there are too few to say."""
    decided = (
        ApprovalDecision.objects.filter(
            access_request__site=access_request.site_id, round__gt=0
        )
        .order_by("-decided_at")
        .values_list("decided_at", "access_request__submitted_at")[:USUAL_OF]
    )
    waits = [(at - asked).total_seconds() for at, asked in decided]
    if len(waits) < USUAL_LEAST:
        return None
    return timedelta(minutes=max(1, ceil(median(waits) / 60)))
