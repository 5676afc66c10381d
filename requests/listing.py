"""Filter, search, sort and page, all of it in the URL: a link shows a colleague the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils import timezone

from accessportal.plants.models import Site
from requests.models import AccessRequest, MaintenanceWindow, RequestedEndpoint
from requests.models.access_request import AccessRequestQuerySet
from requests.models.window import MaintenanceWindowQuerySet

PAGE_SIZE = 25
SEARCHED = (
    "number",
    "purpose",
    "work_order",
    "requested_by__full_name",
    "vendor__name",
)
REQUEST_SORTS = {
    "submitted_at",
    "wanted_from",
    "number",
    "site__name",
    "requested_by__full_name",
}
WINDOW_SORTS = {"opens_at", "closes_at", "access_request__number"}


def sorted_by(
    rows: QuerySet[Any], wanted: str, allowed: set[str], default: str
) -> QuerySet[Any]:
    """Ordered by `wanted` when it is allowed; ties are broken by the row's id."""
    field = wanted if wanted.removeprefix("-") in allowed else default
    return rows.order_by(field, "-pk" if field.startswith("-") else "pk")


def page_of(
    rows: QuerySet[Any] | list[Any],
    query: Mapping[str, str],
    *,
    size: int = PAGE_SIZE,
) -> Page[Any]:
    return Paginator(rows, size).get_page(query.get("page"))


def search_words(text: str, *, of: str = "") -> Q:
    """Every word must occur in a text of the request, or in the name of one of its machines.

    of: the way to the request, such as `access_request__`. No join multiplies the rows.
    """
    found = Q()
    for word in text[:200].split():
        with_machine = RequestedEndpoint.objects.filter(
            endpoint__asset__name__icontains=word
        )
        somewhere = Q(**{f"{of}pk__in": with_machine.values("access_request")})
        for name in SEARCHED:
            somewhere |= Q(**{f"{of}{name}__icontains": word})
        found &= somewhere
    return found


def filtered_requests(
    rows: AccessRequestQuerySet, query: Mapping[str, str], sites: list[Site]
) -> QuerySet[AccessRequest]:
    """`q`, `state`, `site` of the URL; values that mean nothing filter nothing."""
    if query.get("state") in AccessRequest.Phase.values:
        rows = rows.in_phase(query["state"])
    site = chosen_site(query, sites)
    if site is not None:
        rows = rows.filter(site=site)
    return rows.filter(search_words(query.get("q", "")))


def filtered_windows(
    rows: MaintenanceWindowQuerySet, query: Mapping[str, str], sites: list[Site]
) -> QuerySet[MaintenanceWindow]:
    """`q`, `phase`, `site` of the URL."""
    now = timezone.now()
    phases = {
        "open": rows.open(at=now),
        "scheduled": rows.filter(opens_at__gt=now, revoked_at__isnull=True),
        "closed": rows.filter(closes_at__lte=now, revoked_at__isnull=True),
        "revoked": rows.filter(revoked_at__isnull=False),
    }
    rows = phases.get(query.get("phase", ""), rows)
    site = chosen_site(query, sites)
    if site is not None:
        rows = rows.filter(access_request__site=site)
    return rows.filter(search_words(query.get("q", ""), of="access_request__"))


def chosen_site(query: Mapping[str, str], sites: list[Site]) -> Site | None:
    """The site of `?site=slug`, if it is one of those."""
    return next((site for site in sites if site.slug == query.get("site")), None)
