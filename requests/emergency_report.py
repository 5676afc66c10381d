"""Emergencies filtered, counted and written out: how many, whose, and how many looks late."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accessportal.csv_cells import cell
from accessportal.plants.models import Site
from requests.listing import search_words
from requests.look_lists import Counted, counted, filtered
from requests.models import AccessRequest

COLUMNS = (
    "request",
    "site",
    "vendor",
    "person",
    "opened_at",
    "opened_by",
    "reason",
    "machines",
    "state",
    "let_in_at",
    "let_in_by",
    "closes_at",
    "withdrawn_at",
    "withdrawn_by",
    "look_due_at",
    "look_done_at",
    "look_done_by",
    "verdict",
    "note",
    "look_late",
)


def filtered_emergencies(
    rows: QuerySet[AccessRequest], query: Mapping[str, str], sites: list[Site]
) -> tuple[QuerySet[AccessRequest], dict[str, str]]:
    """By what the URL says, the newest first, and what of it counts."""
    rows, said = filtered(
        rows,
        query,
        sites,
        searched=search_words,
        site_of="site",
        look="emergency_look__",
    )
    return rows.order_by("-emergency_at", "-pk"), said


def counts_of(rows: QuerySet[AccessRequest]) -> list[Counted]:
    return counted(
        rows,
        at="emergency_at",
        site_of="site",
        vendor_of="vendor",
        let_in=Q(state=AccessRequest.State.APPROVED),
        look="emergency_look__",
    )


def as_csv(rows: Iterable[AccessRequest]) -> str:
    """A header and one line for each; times are ISO 8601 in UTC, open ones are empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in rows:
        writer.writerow([cell(value) for value in _values(one)])
    return text.getvalue()


def with_everything(rows: QuerySet[AccessRequest]) -> QuerySet[AccessRequest]:
    """What a line of the list and of the file is made of."""
    return rows.select_related(
        "site",
        "vendor",
        "requested_by__vendor",
        "emergency_by__vendor",
        "closed_by",
        "window__revoked_by",
        "emergency_look__looked_by",
    ).prefetch_related("endpoints__asset")


def _values(one: AccessRequest) -> list[Any]:
    window, look = getattr(one, "window", None), getattr(one, "emergency_look", None)
    return [
        one.number,
        one.site.name,
        one.vendor.name,
        one.requested_by.full_name,
        _moment(one.emergency_at),
        one.emergency_by,
        one.emergency_reason,
        ", ".join(str(endpoint) for endpoint in one.endpoints.all()),
        one.state,
        _moment(one.closed_at if window else None),
        one.closed_by if window else "",
        _moment(window.closes_at if window else None),
        _moment(window.revoked_at if window else None),
        window.revoked_by if window else "",
        _moment(look.look_due_at if look else None),
        _moment(look.looked_at if look else None),
        look.looked_by if look else "",
        look.verdict if look else "",
        look.note if look else "",
        "" if look is None else "yes" if look.is_late else "no",
    ]


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
