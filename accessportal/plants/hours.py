"""When somebody is at a site to look after a visitor, by the site's own clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from accessportal.clock import plant_time
from accessportal.plants.models import Site


def is_staffed(site: Site, at: datetime) -> bool:
    return within_hours(
        plant_time(at, site.time_zone),
        site.staffed_from,
        site.staffed_until,
        site.staffed_weekdays,
    )


def within_hours(
    local: datetime, staffed_from: time, staffed_until: time, weekdays: str
) -> bool:
    """Whether a moment of the plant's clock lies in the hours, which may cross midnight.

    `weekdays`: digits of ISO 8601; a night belongs to the day on which it began.
    """
    wall = local.time()
    day = local
    if staffed_from <= staffed_until:
        inside = staffed_from <= wall < staffed_until
    else:
        inside = wall >= staffed_from or wall < staffed_until
        if wall < staffed_until:
            day = local - timedelta(days=1)
    return inside and str(day.isoweekday()) in weekdays
