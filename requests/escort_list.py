"""Escorts filtered and counted: how often, where, for which company, and how many looks late."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Q, QuerySet

from accessportal.plants.models import Site
from requests.look_lists import Counted, counted, filtered
from requests.models import Escort


def filtered_escorts(
    rows: QuerySet[Escort], query: Mapping[str, str], sites: list[Site]
) -> tuple[QuerySet[Escort], dict[str, str]]:
    """By what the URL says (`q`: number or name), and what of it counts."""
    return filtered(
        rows, query, sites, searched=_searched, site_of="access_request__site"
    )


def _searched(text: str) -> Q:
    return (
        Q(access_request__number__icontains=text)
        | Q(person__full_name__icontains=text)
        | Q(offered_by__full_name__icontains=text)
    )


def counts_of_escorts(rows: QuerySet[Escort]) -> list[Counted]:
    return counted(
        rows,
        at="offered_at",
        site_of="access_request__site",
        vendor_of="person__vendor",
        let_in=Q(used_at__isnull=False),
    )
