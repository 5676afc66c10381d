"""Emergencies filtered, counted and written out: how many, whose, and how many looks late."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMonth

from accessportal.csv_cells import cell
from accessportal.plants.models import Site
from requests.listing import chosen_site, search_words
from requests.models import AccessRequest, EmergencyLook

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


@dataclass(frozen=True)
class Counted:
    """Emergencies of one vendor at one site in one month (UTC)."""

    month: datetime
    site: str
    vendor: str
    asked: int
    let_in: int
    late: int
    not_justified: int


def filtered_emergencies(
    rows: QuerySet[AccessRequest], query: Mapping[str, str], sites: list[Site]
) -> tuple[QuerySet[AccessRequest], dict[str, str]]:
    """`q`, `site`, `look` (open, late, not_justified) of the URL, and what of it counts."""
    said: dict[str, str] = {}
    looks = {
        "open": EmergencyLook.objects.open(),
        "late": EmergencyLook.objects.was_late(),
        "not_justified": EmergencyLook.objects.filter(verdict="not_justified"),
    }
    look = query.get("look", "")
    if look in looks:
        rows = rows.filter(emergency_look__in=looks[look])
        said["look"] = look
    site = chosen_site(query, sites)
    if site is not None:
        rows = rows.filter(site=site)
        said["site"] = site.slug
    # PostgreSQL refuses NUL in a text; nobody types one on purpose.
    search = query.get("q", "").replace("\x00", "").strip()[:200]
    if search:
        rows = rows.filter(search_words(search))
        said["q"] = search
    return rows.order_by("-emergency_at", "-pk"), said


def counts_of(rows: QuerySet[AccessRequest]) -> list[Counted]:
    """By month, site and vendor, the newest month first."""
    keys = ("month", "site__name", "vendor__name")

    def counted(some: QuerySet[AccessRequest]) -> dict[tuple[Any, ...], int]:
        found = (
            some.order_by()
            .annotate(month=TruncMonth("emergency_at"))
            .values(*keys)
            .annotate(number=Count("pk", distinct=True))
        )
        return {tuple(one[key] for key in keys): one["number"] for one in found}

    looks = EmergencyLook.objects.all()
    let_in = counted(rows.filter(state=AccessRequest.State.APPROVED))
    late = counted(rows.filter(emergency_look__in=looks.was_late()))
    bad = counted(rows.filter(emergency_look__verdict="not_justified"))
    return [
        Counted(
            month=key[0],
            site=key[1],
            vendor=key[2],
            asked=number,
            let_in=let_in.get(key, 0),
            late=late.get(key, 0),
            not_justified=bad.get(key, 0),
        )
        for key, number in sorted(
            counted(rows).items(),
            key=lambda pair: (-pair[0][0].timestamp(), pair[0][1], pair[0][2]),
        )
    ]


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
        "emergency_look__done_by",
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
        _moment(look.due_at if look else None),
        _moment(look.done_at if look else None),
        look.done_by if look else "",
        look.verdict if look else "",
        look.note if look else "",
        "" if look is None else "yes" if look.is_late else "no",
    ]


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
