"""Work that repeats: a rule in plant time, and the times that follow from it. Pure.

The rule is one of RFC 5545 (a part of it): by days, by weeks on some days, by months or years
on a date or on the n-th or last of a weekday; until a day or so many times, at most 60 times
within a year, by years within ten. Days may be left out (EXDATE) and added (RDATE). The start
keeps its wall-clock time; a time that the clocks skip is read with the offset before the
change, one that comes twice is the first (3.3.5); the length is exact, however the clocks
change (3.8.5.3). A month without the date, and a year without 29 February, has no time
(3.3.10).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice, pairwise

from dateutil.rrule import rrulestr
from django.utils import dateformat
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accessportal.clock import moment_of_wall_time, plant_time
from accessportal.errors import NotPossible
from accessportal.plants.wording import weekdays_words
from requests.wishes import Span

MOST = 60
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LAST = -1
A_LEAP_YEAR = 2028


class Unit(StrEnum):
    DAYS = "DAILY"
    WEEKS = "WEEKLY"
    MONTHS = "MONTHLY"
    YEARS = "YEARLY"


LONGEST = dict.fromkeys(Unit, timedelta(days=366)) | {
    Unit.YEARS: timedelta(days=10 * 366)
}
RULE = re.compile(
    r"FREQ=(?P<unit>DAILY|WEEKLY|MONTHLY|YEARLY);INTERVAL=(?P<every>[1-9][0-9]?)"
    r"(?:;BYMONTH=(?P<month>[1-9]|1[0-2]))?"
    r"(?:;BYDAY=(?P<nth>-1|[1-4])?(?P<days>(?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU))*))?"
    r"(?:;BYMONTHDAY=(?P<day>-1|[1-9]|[12][0-9]|3[01]))?"
    r"(?:;COUNT=(?P<times>[1-9][0-9]?)|;UNTIL=(?P<until>[0-9]{8})T235959)"
)
# What a rule says beside its unit and its end: one of these.
SHAPES: dict[str, tuple[set[str], ...]] = {
    Unit.DAYS: (set(),),
    Unit.WEEKS: ({"days"},),
    Unit.MONTHS: ({"nth", "days"}, {"day"}),
    Unit.YEARS: ({"month", "nth", "days"}, {"month", "day"}),
}


@dataclass(frozen=True)
class Repeat:
    """How it repeats. `weekdays`: ISO digits ("14": Monday and Thursday), by weeks; by months
    and years the one that `nth` counts, 1 to 4 or -1 for the last; or `day`: the date, -1 for
    the last of the month. `month`: by years. Either `times` or `until` (its last day)."""

    unit: Unit
    every: int
    weekdays: str = ""
    nth: int = 0
    day: int = 0
    month: int = 0
    times: int | None = None
    until: date | None = None

    def as_rule(self) -> str:
        """The RRULE. UNTIL is a time of the plant, as the start is."""
        days = ",".join(DAYS[int(each) - 1] for each in self.weekdays)
        parts = {
            "FREQ": self.unit,
            "INTERVAL": self.every,
            "BYMONTH": self.month,
            "BYDAY": f"{self.nth or ''}{days}",
            "BYMONTHDAY": self.day,
            "COUNT": self.times,
            "UNTIL": self.until and f"{self.until:%Y%m%d}T235959",
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)


def repeat_of(rule: str) -> Repeat:
    """A stored rule, read again. Raises `NotPossible` for anything else."""
    parts = RULE.fullmatch(rule)
    if parts is None or not _fits(parts):
        raise NotPossible(_("This repeat cannot be read."), code="rule_not_understood")
    days = set(parts["days"].split(",")) if parts["days"] else set()
    until = parts["until"]
    return Repeat(
        Unit(parts["unit"]),
        int(parts["every"]),
        "".join(sorted(str(DAYS.index(day) + 1) for day in days)),
        int(parts["nth"] or 0),
        int(parts["day"] or 0),
        int(parts["month"] or 0),
        int(parts["times"]) if parts["times"] else None,
        datetime.strptime(until, "%Y%m%d").date() if until else None,  # noqa: DTZ007
    )


def times_of(
    rule: str,
    start: datetime,
    zone: str,
    length: timedelta,
    extras: Iterable[date] = (),
) -> list[Span]:
    """Every time of the rule from `start` on, and of the days that are added, in order.

    `start` itself only counts when it fits. Raises `NotPossible` where there are too many, too
    long, none, or one begins before the one before it has ended.
    """
    repeat = repeat_of(rule)
    wall = plant_time(start, zone).replace(tzinfo=None)
    end = wall + LONGEST[repeat.unit]
    if repeat.until is not None and repeat.until > end.date():
        raise _too_long()
    last = (
        end
        if repeat.until is None
        else datetime.combine(repeat.until, datetime.max.time())
    )
    bare = rule.rsplit(";", 1)[0]
    walls = rrulestr(bare, dtstart=wall).replace(until=last)
    found = list(islice(walls, repeat.times or MOST + 1))
    if repeat.times is not None and len(found) < repeat.times:
        raise _too_long()
    if not found:
        raise NotPossible(
            _("The repeat has no time between its start and its end."), code="no_time"
        )
    added = {datetime.combine(day, wall.time()) for day in extras}
    if any(not wall <= one <= end for one in added):
        raise NotPossible(
            _(
                "An added day lies after the start, within the time that a repeat may last."
            ),
            code="added_day_too_far",
        )
    starts = sorted(moment_of_wall_time(each, zone) for each in added.union(found))
    if len(starts) > MOST:
        raise NotPossible(
            _("That are more than %(most)s times. Choose fewer.") % {"most": MOST},
            code="too_many_times",
        )
    if any(after - before < length for before, after in pairwise(starts)):
        raise NotPossible(
            _("One time would begin before the one before it has ended."),
            code="times_overlap",
        )
    return [Span(one, one + length) for one in starts]


def rule_words(rule: str) -> str:
    """`every 2 weeks on Mon, Thu, 12 times`; empty without a rule."""
    if not rule:
        return ""
    repeat = repeat_of(rule)
    how = _how_words(repeat)
    if repeat.until is not None:
        day = dateformat.format(repeat.until, pgettext("date format", "j M Y"))
        return _("%(how)s, until %(day)s") % {"how": how, "day": day}
    return _("%(how)s, %(times)s times") % {"how": how, "times": repeat.times}


def what_is_missing(rule: str) -> str:
    """Which months or years have no such time, as a sentence; empty where each has one."""
    repeat = repeat_of(rule)
    if repeat.day < 29 or repeat.month not in (0, 2):
        return ""
    if repeat.month:
        return _("Years without a 29 February are left out.")
    return _("Months without a day %(day)s are left out.") % {"day": repeat.day}


def _how_words(repeat: Repeat) -> str:
    every = repeat.every
    if repeat.unit == Unit.DAYS:
        words = ngettext("every day", "every %(every)s days", every)
        return words % {"every": every}
    if repeat.unit == Unit.WEEKS:
        words = ngettext(
            "every week on %(days)s", "every %(every)s weeks on %(days)s", every
        )
        return words % {"every": every, "days": weekdays_words(repeat.weekdays)}
    if repeat.unit == Unit.MONTHS:
        words = ngettext(
            "every month on %(day)s", "every %(every)s months on %(day)s", every
        )
    else:
        words = ngettext(
            "every year on %(day)s", "every %(every)s years on %(day)s", every
        )
    return words % {"every": every, "day": _day_words(repeat)}


def _day_words(repeat: Repeat) -> str:
    """`the second Tuesday`, `day 31` or `the last day`, by years of a month: `29 February`."""
    if repeat.nth:
        nth = {
            1: _("first"), 2: _("second"), 3: _("third"), 4: _("fourth"),
            LAST: pgettext("of a month", "last"),
        }[repeat.nth]  # fmt: skip
        weekday = WEEKDAYS[int(repeat.weekdays) - 1]
        words = _("the %(nth)s %(weekday)s") % {"nth": nth, "weekday": weekday}
    elif repeat.day == LAST:
        words = _("the last day")
    elif repeat.month:
        day = date(A_LEAP_YEAR, repeat.month, repeat.day)
        return dateformat.format(day, pgettext("date format", "j F"))
    else:
        return _("day %(day)s") % {"day": repeat.day}
    if not repeat.month:
        return words
    return _("%(day)s of %(month)s") % {"day": words, "month": MONTHS[repeat.month]}


def _fits(parts: re.Match[str]) -> bool:
    """One of the shapes of its unit, with one day of a kind, and a date that there is."""
    says = {name for name in ("month", "nth", "days", "day") if parts[name]}
    if says not in SHAPES[parts["unit"]] or ("nth" in says and "," in parts["days"]):
        return False
    month = int(parts["month"] or 1)
    return int(parts["day"] or 1) <= monthrange(A_LEAP_YEAR, month)[1]


def _too_long() -> NotPossible:
    return NotPossible(
        _(
            "A repeat lasts a year at most, and ten by years. Choose fewer times, or an "
            "earlier last day."
        ),
        code="series_too_long",
    )
