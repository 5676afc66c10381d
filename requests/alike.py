"""Waiting requests that may be decided on together: identical, and approved in advance.

Identical: everything that a decision rests on is the same, but the number and the time. Approved
in advance: the policy that the request was sent under says of its work that it may recur. Deny
by default: what is not known to be the same is another work (decision 122).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from requests.changes import changes_between
from requests.facts import seen_by_approver
from requests.models import AccessRequest, ProposedChange
from requests.policy.reading import demands_from
from requests.series import demand_the_same

OF_ITS_TIME = frozenset({"number", "wanted_from", "wanted_until"})
"""The facts in which requests for the same work differ."""

MOST_LOOKED_AT = 50
"""Of what waits, the next to begin: what is alike costs questions to the database. No more
than these are decided on at once."""

LOOKED_AT = (
    "site_id",
    "requested_by_id",
    "permission",
    "purpose",
    "work_order",
)
"""By these columns what might be the same is found; whether it is, is asked of the facts."""


def looking_alike(user: User) -> list[list[AccessRequest]]:
    """What waits for this person and can be decided on together, the next to begin first."""
    waiting = _in_advance(user).select_related("requested_by__vendor", "site", "vendor")
    found: dict[tuple[Any, ...], list[AccessRequest]] = {}
    for one in waiting.order_by("wanted_from")[:MOST_LOOKED_AT]:
        found.setdefault(_looks(one), []).append(one)
    groups = [
        group
        for several in found.values()
        if len(several) > 1  # the facts of a single one need not be read
        for group in _by_facts(several)
    ]
    return [group for group in groups if len(group) > 1]


def _by_facts(several: Iterable[AccessRequest]) -> list[list[AccessRequest]]:
    groups: list[list[AccessRequest]] = []
    for one in several:
        if why_by_itself(one):
            continue
        same = (group for group in groups if not what_differs(group[0], one))
        group = next(same, None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return groups


def looking_like(access_request: AccessRequest, user: User) -> list[AccessRequest]:
    """What else waits for this person and might be the same work, by time."""
    return list(
        _in_advance(user)
        .filter(**dict(zip(LOOKED_AT, _looks(access_request), strict=True)))
        .exclude(pk=access_request.pk)
        .select_related("site", "vendor", "requested_by__vendor")
        .order_by("wanted_from")[: MOST_LOOKED_AT - 1]
    )


def why_by_itself(access_request: AccessRequest) -> str:
    """Why a request is decided on by itself in any case; empty: others may be the same."""
    if not demands_from(access_request.demands).recurring_allowed:
        return _("The policy does not approve this work in advance.")
    if access_request.recurrence:
        return _("It repeats, and is decided on as a series.")
    if access_request.messages.exists():
        return _("Something was asked or said about it.")
    if access_request.proposals.filter(state=ProposedChange.State.PENDING).exists():
        return _("Changes are proposed for it.")
    return ""


def what_differs(one: AccessRequest, other: AccessRequest) -> str:
    """In what it is not the same work, in words; empty where only the time is another."""
    changes = changes_between(_timeless(one), _timeless(other), one.site.time_zone)
    if changes:
        return changes[0].what
    if _files(one) != _files(other):
        return _("Files")
    if not demand_the_same(demands_from(one.demands), demands_from(other.demands)):
        return _("What the policy demands")
    return ""


def two_at_once(
    access_requests: Iterable[AccessRequest],
) -> tuple[AccessRequest, AccessRequest] | None:
    """The first two whose times overlap: the second would find the window of the first."""
    by_time: Sequence[AccessRequest] = sorted(
        access_requests, key=lambda one: one.wanted_from
    )
    for one, following in zip(by_time, by_time[1:], strict=False):
        if following.wanted_from < one.wanted_until:
            return one, following
    return None


def _in_advance(user: User) -> QuerySet[AccessRequest]:
    return (
        AccessRequest.objects.awaiting_decision()
        .asking(user)
        .filter(demands__recurring_allowed=True, recurrence="")
    )


def _looks(access_request: AccessRequest) -> tuple[Any, ...]:
    return tuple(getattr(access_request, name) for name in LOOKED_AT)


def _timeless(access_request: AccessRequest) -> dict[str, Any]:
    facts = seen_by_approver(access_request)
    return {name: fact for name, fact in facts.items() if name not in OF_ITS_TIME}


def _files(access_request: AccessRequest) -> list[str]:
    return sorted(access_request.attachments.values_list("digest", flat=True))
