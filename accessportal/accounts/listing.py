"""The list of people: what its URL says is looked for."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import QueryDict

from accessportal.accounts.models import RoleGrant, User
from accessportal.accounts.parking import parked

SORTED_BY = ("full_name", "last_login", "created_at", "expires_at")
SORTS = {*SORTED_BY, *(f"-{name}" for name in SORTED_BY)}


def people_as_wanted(
    people: QuerySet[User], query: QueryDict, *, at: datetime
) -> QuerySet[User]:
    """`q` (name, address, company), `of` (vendors, all), `role`, `state`, `sort`."""
    # PostgreSQL refuses NUL in a text; nobody types one on purpose.
    search = query.get("q", "").replace("\x00", "").strip()[:200]
    if search:
        people = people.filter(
            Q(full_name__icontains=search)
            | Q(email__icontains=search)
            | Q(vendor__name__icontains=search)
        )
    of = query.get("of", "")
    if of != "all":
        people = people.filter(vendor__isnull=of != "vendors")
    role = query.get("role", "")
    if role in RoleGrant.Role.values:
        people = people.filter(role_grants__role=role).distinct()
    people = _in_state(people, query.get("state", ""), at)
    sort = query.get("sort", "")
    return people.order_by(sort if sort in SORTS else "full_name", "pk")


def _in_state(people: QuerySet[User], state: str, at: datetime) -> QuerySet[User]:
    if state == "active":
        return people.active(at=at)  # type: ignore[attr-defined,no-any-return]
    if state == "parked":
        active: QuerySet[User] = people.active(at=at)  # type: ignore[attr-defined]
        return parked(active, at=at)
    if state == "never_used":
        return people.filter(last_login__isnull=True, disabled_at__isnull=True)
    if state == "ended":
        return people.filter(Q(disabled_at__isnull=False) | Q(expires_at__lte=at))
    return people
