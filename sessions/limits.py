"""How many sessions at once: of one person, of one vendor; a machine's places are its slots.

Starts of one vendor's people are let through one after the other: each locks the vendor's
row first, then counts. So twenty at once let in exactly as many as the limit says.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from accessportal.accounts.models import User, Vendor
from accessportal.plants.models import Endpoint
from requests.models import AccessRequest
from sessions.models import BrokeredSession

Permission = AccessRequest.Permission


def lock_vendor(user: User) -> None:
    """Let nobody else of this vendor start until the transaction ends.

    Before the endpoint's lock, like a suspension (`stop_orders.lock_starts`), so that the
    two never wait for each other. PostgreSQL locks the row; SQLite has one writer.
    """
    if user.vendor_id is not None:
        Vendor.objects.select_for_update(of=("self",), no_key=True).get(
            pk=user.vendor_id
        )


def limit_facts(user: User, endpoint: Endpoint, permission: str) -> dict[str, Any]:
    """Who is in already, in words that name nobody of another company."""
    live = BrokeredSession.objects.live().select_related(
        "endpoint__asset", "started_by"
    )
    interactive = permission == Permission.CONTROL
    own = live.filter(started_by=user, permission=Permission.CONTROL)
    company = live.filter(started_by__vendor=user.vendor_id)
    here = (
        BrokeredSession.objects.holding_a_slot()
        .filter(endpoint=endpoint)
        .select_related("started_by")
    )
    return {
        "person_limit": settings.MAX_SESSIONS_PER_PERSON if interactive else 0,
        "person_in": tuple(str(one.endpoint.asset) for one in own)
        if interactive
        else (),
        "vendor_limit": user.vendor.max_sessions if user.vendor is not None else 0,
        "vendor_in": tuple(
            f"{one.started_by} ({one.endpoint.asset})" for one in company
        )
        if user.vendor_id is not None
        else (),
        "endpoint_in": tuple(
            str(one.started_by)
            for one in here
            if one.started_by.vendor_id == user.vendor_id
        ),
    }
