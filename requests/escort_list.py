"""Escorts filtered and counted: how often, where, for which company, and how many looks late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone

from accessportal.plants.models import Site
from requests.listing import chosen_site
from requests.models import Escort


@dataclass(frozen=True)
class CountedEscorts:
    """Escorts of one vendor at one site in one month (UTC)."""

    month: datetime
    site: str
    vendor: str
    offered: int
    let_in: int
    late: int
    not_justified: int


def filtered_escorts(
    rows: QuerySet[Escort], query: Mapping[str, str], sites: list[Site]
) -> tuple[QuerySet[Escort], dict[str, str]]:
    """`q` (number or name), `site`, `look` (open, late, not_justified), and what counts."""
    said: dict[str, str] = {}
    looks = {
        "open": Escort.objects.to_look_at(),
        "late": Escort.objects.was_late(),
        "not_justified": Escort.objects.filter(verdict="not_justified"),
    }
    look = query.get("look", "")
    if look in looks:
        rows = rows.filter(pk__in=looks[look].values("pk"))
        said["look"] = look
    site = chosen_site(query, sites)
    if site is not None:
        rows = rows.filter(access_request__site=site)
        said["site"] = site.slug
    # PostgreSQL refuses NUL in a text; nobody types one on purpose.
    search = query.get("q", "").replace("\x00", "").strip()[:200]
    if search:
        rows = rows.filter(
            Q(access_request__number__icontains=search)
            | Q(person__full_name__icontains=search)
            | Q(offered_by__full_name__icontains=search)
        )
        said["q"] = search
    return rows, said


def counts_of_escorts(rows: QuerySet[Escort]) -> list[CountedEscorts]:
    """By month, site and vendor, the newest month first; one query."""
    late = Q(looked_at__isnull=True, look_due_at__lte=timezone.now()) | Q(
        looked_at__gt=F("look_due_at")
    )
    found: Any = (
        rows.order_by()
        .annotate(month=TruncMonth("offered_at"))
        .values("month", "access_request__site__name", "person__vendor__name")
        .annotate(
            offered=Count("pk"),
            let_in=Count("pk", filter=Q(used_at__isnull=False)),
            late=Count("pk", filter=late),
            bad=Count("pk", filter=Q(verdict=Escort.Verdict.NOT_JUSTIFIED)),
        )
        .order_by("-month", "access_request__site__name", "person__vendor__name")
    )
    return [
        CountedEscorts(
            month=one["month"],
            site=one["access_request__site__name"],
            vendor=one["person__vendor__name"],
            offered=one["offered"],
            let_in=one["let_in"],
            late=one["late"],
            not_justified=one["bad"],
        )
        for one in found
    ]
