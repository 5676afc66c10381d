"""Which machines of a request are reached elsewhere than where the last yes was said to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from requests.facts import seen_by_approver
from requests.models import AccessRequest


@dataclass(frozen=True)
class MovedAddress:
    """`before` and `now` as text, for people of the plant only."""

    machine: str
    before: str
    now: str


def moved_addresses(access_request: AccessRequest) -> list[MovedAddress]:
    """Compared with the facts of the last decision; machines in the order of the request."""
    # Not what is still being decided on: who agrees next has to see the same difference.
    decided = access_request.decisions.exclude(later_wish__state="pending")
    last = decided.order_by("step").last()
    seen = last.facts if last is not None else {}
    before = [_address(one) for one in seen.get("machines", [])]
    now = [_address(one) for one in seen_by_approver(access_request)["machines"]]
    if len(before) != len(now):
        return []
    return [
        MovedAddress(machine, old, new)
        for (_, old), (machine, new) in zip(before, now, strict=True)
        if old != new
    ]


def _address(machine: Mapping[str, Any]) -> tuple[str, str]:
    """(name, where it is reached) of a machine among the facts of a decision."""
    return (
        f"{machine['asset']} – {machine['endpoint']}",
        f"{machine['protocol'].upper()} {machine['address']}",
    )
