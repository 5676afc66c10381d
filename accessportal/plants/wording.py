"""Weekly hours in words: a site's staffed ones, and those of its shifts."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accessportal.plants.models import Shift, Site
from accessportal.plants.roster_csv import ReadShift


def weekdays_words(weekdays: str) -> str:
    """`Mon–Fri` for "12345"; otherwise the days one by one."""
    names = {
        "1": _("Mon"),
        "2": _("Tue"),
        "3": _("Wed"),
        "4": _("Thu"),
        "5": _("Fri"),
        "6": _("Sat"),
        "7": _("Sun"),
    }
    days = sorted(set(weekdays))
    if len(days) > 2 and "".join(days) in "1234567":
        return f"{names[days[0]]}–{names[days[-1]]}"
    return ", ".join(names[day] for day in days)


def staffed_words(site: Site) -> str:
    """`Mon–Fri, 06:00 – 18:00`"""
    hours = f"{site.staffed_from:%H:%M} – {site.staffed_until:%H:%M}"
    return f"{weekdays_words(site.staffed_weekdays)}, {hours}"


def shift_words(shift: Shift | ReadShift) -> str:
    """`Mon–Fri, 22:00 – 06:00`"""
    hours = f"{shift.begins:%H:%M} – {shift.ends:%H:%M}"
    return f"{weekdays_words(shift.weekdays)}, {hours}"
