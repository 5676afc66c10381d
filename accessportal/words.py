"""Lengths of time in the words of a person, the same on the server and in the browser."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def length_words(seconds: float) -> str:
    """A length of time, rounded as a person would: 40 s, 12 min, 2 h 10 min, 3 days.

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
    days = hours // 24
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


def relative_words(moment: datetime, *, at: datetime | None = None) -> str:
    """How far away a moment is: “in 2 h 10 min”, “5 min ago”, “now”."""
    distance = (moment - (at or timezone.now())).total_seconds()
    if abs(distance) < 1:
        return _("now")
    if distance > 0:
        return _("in %(length)s") % {"length": length_words(distance)}
    return _("%(length)s ago") % {"length": length_words(distance)}


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
        "day": ngettext("%(days)d day", "%(days)d days", 1),
        "days": ngettext("%(days)d day", "%(days)d days", 2),
    }
