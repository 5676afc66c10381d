"""The lists of who was let in by way of exception: filtered by the later look, and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone

from accessportal.plants.models import Site
from requests.listing import chosen_site
from requests.models.later_look import LaterLook, look_late, look_open

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Counted:
    """Of one vendor at one site in one month (UTC)."""

    month: datetime
    site: str
    vendor: str
    asked: int
    let_in: int
    late: int
    not_justified: int


def filtered(
    rows: models.QuerySet[Row],
    query: Mapping[str, str],
    sites: list[Site],
    *,
    searched: Callable[[str], Q],
    site_of: str,
    look: str = "",
) -> tuple[models.QuerySet[Row], dict[str, str]]:
    """`q`, `site`, `look` (open, late, not_justified) of the URL, and what of it counts.

    site_of, look: the ways from a row to its site and its look.
    """
    said: dict[str, str] = {}
    looks = {
        "open": look_open(look),
        "late": look_late(timezone.now(), look),
        "not_justified": _bad(look),
    }
    chosen = query.get("look", "")
    if chosen in looks:
        rows = rows.filter(looks[chosen])
        said["look"] = chosen
    site = chosen_site(query, sites)
    if site is not None:
        rows = rows.filter(**{site_of: site})
        said["site"] = site.slug
    # PostgreSQL refuses NUL in a text; nobody types one on purpose.
    search = query.get("q", "").replace("\x00", "").strip()[:200]
    if search:
        rows = rows.filter(searched(search))
        said["q"] = search
    return rows, said


def counted(
    rows: models.QuerySet[Any],
    *,
    at: str,
    site_of: str,
    vendor_of: str,
    let_in: Q,
    look: str = "",
) -> list[Counted]:
    """By month, site and vendor, the newest month first; one query. at: the moment of a row."""
    keys = ("month", f"{site_of}__name", f"{vendor_of}__name")
    found = (
        rows.order_by()
        .annotate(month=TruncMonth(at))
        .values(*keys)
        .annotate(
            asked=Count("pk"),
            let_in=Count("pk", filter=let_in),
            late=Count("pk", filter=look_late(timezone.now(), look)),
            not_justified=Count("pk", filter=_bad(look)),
        )
        .order_by("-month", *keys[1:])
    )
    return [
        Counted(
            month=one["month"],
            site=one[f"{site_of}__name"],
            vendor=one[f"{vendor_of}__name"],
            asked=one["asked"],
            let_in=one["let_in"],
            late=one["late"],
            not_justified=one["not_justified"],
        )
        for one in found
    ]


def _bad(look: str) -> Q:
    return Q(**{f"{look}verdict": LaterLook.Verdict.NOT_JUSTIFIED})
