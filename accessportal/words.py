"""Lengths of time in the words of a person, the same on the server and in the browser."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext, pgettext, pgettext_lazy

from accessportal.clock import plant_time


def moment_words(moment: datetime, zone: str) -> str:
    """`Tue 10 Mar 2026, 14:00 CET`, in the plant's zone and the active language."""
    local = plant_time(moment, zone)
    return f"{day_and_time(local)} {zone_name(local)}"


def day_and_time(local: datetime) -> str:
    return dateformat.format(local, pgettext("date format", "D j M Y, H:i"))


ZONE_NAMES = {
    "CET": pgettext_lazy("time zone", "CET"),
    "CEST": pgettext_lazy("time zone", "CEST"),
}
"""The zones whose short name is another in a language of the portal."""


def zone_name(local: datetime) -> str:
    """CET (in German MEZ), or UTC+03:00 where the zone has no letters."""
    name = local.tzname() or "UTC"
    return str(ZONE_NAMES.get(name, name)) if name[:1].isalpha() else f"UTC{name}"


def zone_names(zone: str, year: int) -> dict[str, str]:
    """`zone_name` of each offset that a zone has in a year, by the offset as scripts name it:
    `GMT+01:00`, `GMT` for none."""
    names = {}
    for month in range(1, 13):
        local = plant_time(datetime(year, month, 1, 12, tzinfo=UTC), zone)
        away = f"{local:%z}"
        key = "GMT" if away == "+0000" else f"GMT{away[:3]}:{away[3:5]}"
        names[key] = zone_name(local)
    return names


def length_words(seconds: float, *, after_in: bool = False) -> str:
    """A length of time, rounded as a person would: 40 s, 12 min, 2 h 10 min, 3 days.

    after_in: the form that follows “in” or stands beside “ago”; some languages have one.
    `static/js/clock.js` says the same; its pieces come from `time_texts`.
    """
    total = int(abs(seconds))
    if total < 60:
        return _("%(seconds)d s") % {"seconds": total}
    minutes = total // 60
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        if not rest:
            return _("%(hours)d h") % {"hours": hours}
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
    days = (hours + 12) // 24
    return (_days_after_in(days) if after_in else _days(days)) % {"days": days}


def _days(count: int) -> str:
    return ngettext("%(days)d day", "%(days)d days", count)


def _days_after_in(count: int) -> str:
    return npgettext("after in, with ago", "%(days)d day", "%(days)d days", count)


def relative_words(moment: datetime, *, at: datetime | None = None) -> str:
    """How far away a moment is: “in 2 h 10 min”, “5 min ago”, “now”."""
    distance = (moment - (at or timezone.now())).total_seconds()
    if abs(distance) < 1:
        return _("now")
    length = length_words(distance, after_in=True)
    if distance > 0:
        return _("in %(length)s") % {"length": length}
    return _("%(length)s ago") % {"length": length}


def time_texts() -> dict[str, str]:
    """The pieces from which the browser makes the same words."""
    return {
        "now": _("now"),
        "in": _("in %(length)s"),
        "ago": _("%(length)s ago"),
        "seconds": _("%(seconds)d s"),
        "minutes": _("%(minutes)d min"),
        "hours": _("%(hours)d h"),
        "hours_minutes": _("%(hours)d h %(minutes)d min"),
        "day": _days_after_in(1),
        "days": _days_after_in(2),
    }
