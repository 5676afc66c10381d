"""What the form of asking begins with: the usual start and work, or what was asked before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.clock import plant_time
from accessportal.plants.models import Endpoint, Site, VendorAsset
from requests.models import AccessRequest

DURATIONS = (30, 60, 120, 240, 480)
"""The lengths that the form offers, in minutes."""


def usual_work_of(person: User) -> dict[int, str]:
    """What the person's company usually does to each asset, as the plant noted it."""
    noted = VendorAsset.objects.filter(vendor=person.vendor).exclude(usual_work="")
    return dict(noted.values_list("asset_id", "usual_work"))


def usual_start(site: Site) -> datetime:
    """The next half hour that is at least half an hour away, on the plant's clock."""
    wall = plant_time(timezone.now() + timedelta(minutes=60), site.time_zone)
    return wall.replace(
        minute=wall.minute // 30 * 30, second=0, microsecond=0, tzinfo=None
    )


def usual_length(access_request: AccessRequest) -> dict[str, str]:
    """The length that was asked for, where the form offers it."""
    length = access_request.wanted_until - access_request.wanted_from
    minutes = int(length.total_seconds() // 60)
    return {"duration": str(minutes)} if minutes in DURATIONS else {}


def initial_of(
    access_request: AccessRequest, offered: Iterable[Endpoint]
) -> dict[str, Any]:
    """What a new wish starts with when an earlier request is asked again."""
    ids = {str(endpoint.pk) for endpoint in offered}
    return {
        "site": str(access_request.site_id),
        "endpoints": [
            str(pk)
            for pk in access_request.endpoints.values_list("pk", flat=True)
            if str(pk) in ids
        ],
        "companions": [
            str(pk) for pk in access_request.companions.values_list("pk", flat=True)
        ],
        "permission": access_request.permission,
        "clipboard_in": access_request.clipboard_in,
        "clipboard_out": access_request.clipboard_out,
        "purpose": access_request.purpose,
        "work_order": access_request.work_order,
        **usual_length(access_request),
    }
