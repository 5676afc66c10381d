"""Times, people and machines of a request, put into words for messages and pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from accessportal.clock import plant_time
from accessportal.plants.models import Endpoint
from accessportal.words import day_and_time, moment_words, zone_name

__all__ = ["machines_words", "moment_words", "span_words", "zone_words"]


def span_words(start: datetime, end: datetime, zone: str) -> str:
    """`Tue 10 Mar 2026, 14:00 to 16:00 CET`; both days where they differ."""
    local_start, local_end = plant_time(start, zone), plant_time(end, zone)
    if local_start.date() != local_end.date():
        first, last = moment_words(start, zone), moment_words(end, zone)
    else:
        first = day_and_time(local_start)
        if local_start.utcoffset() != local_end.utcoffset():
            first = f"{first} {zone_name(local_start)}"
        last = f"{local_end:%H:%M} {zone_name(local_end)}"
    return _("%(start)s to %(end)s") % {"start": first, "end": last}


def machines_words(endpoints: Iterable[Endpoint]) -> str:
    """`Filling line 3 (HMI, PLC console), Palletiser (Panel)`."""
    by_asset: dict[str, list[str]] = {}
    for endpoint in endpoints:
        by_asset.setdefault(endpoint.asset.name, []).append(endpoint.name)
    return ", ".join(
        f"{asset} ({', '.join(names)})" for asset, names in by_asset.items()
    )


def zone_words(zone: str, at: datetime) -> str:
    """`CET, Europe/Berlin`: the zone's short name at a moment, and its full name."""
    return f"{zone_name(plant_time(at, zone))}, {zone}"
