"""Work that repeats: a rule in plant time, and the times that follow from it. Pure.

The rule is one of RFC 5545 (a small part of it): by weeks on some days, or by months on the
n-th of a weekday, until a day or so many times, at most a year and 60 times. The start keeps
its wall-clock time; a time that the clocks skip is read with the offset before the change,
one that comes twice is the first (3.3.5); the length is exact, however the clocks change
(3.8.5.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from dateutil.rrule import rrulestr
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accessportal.clock import moment_of_wall_time, plant_time
from accessportal.errors import NotPossible
from accessportal.plants.wording import weekdays_words
from requests.wishes import Span

MOST = 60
LONGEST = timedelta(days=366)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LAST = -1
WEEKLY, MONTHLY = "WEEKLY", "MONTHLY"
RULE = re.compile(
    r"FREQ=(?P<frequency>WEEKLY|MONTHLY);INTERVAL=(?P<every>[1-9][0-9]?);"
    r"BYDAY=(?P<days>(?:-1|[1-4])?(?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU))*)"
    r"(?:;COUNT=(?P<times>[1-9][0-9]?)|;UNTIL=(?P<until>[0-9]{8})T235959)"
)


@dataclass(frozen=True)
class Repeat:
    """How it repeats. `weekdays`: ISO digits ("14": Monday and Thursday); `nth`: of the
    month, 1 to 4 or -1 for the last, 0 by weeks. Either `times` or `until` (its last day)."""

    every: int
    weekdays: str
    nth: int = 0
    times: int | None = None
    until: date | None = None

    def as_rule(self) -> str:
        """The RRULE. UNTIL is a time of the plant, as the start is."""
        days = [DAYS[int(each) - 1] for each in self.weekdays]
        frequency = MONTHLY if self.nth else WEEKLY
        by_day = f"{self.nth}{days[0]}" if self.nth else ",".join(days)
        end = (
            f"COUNT={self.times}"
            if self.until is None
            else f"UNTIL={self.until:%Y%m%d}T235959"
        )
        return f"FREQ={frequency};INTERVAL={self.every};BYDAY={by_day};{end}"


def repeat_of(rule: str) -> Repeat:
    """A stored rule, read again. Raises `NotPossible` for anything else."""
    parts = RULE.fullmatch(rule)
    if parts is None or not _fits(parts):
        raise NotPossible(_("This repeat cannot be read."), code="rule_not_understood")
    nth = int(parts["days"][:-2]) if parts["frequency"] == MONTHLY else 0
    days = parts["days"][-2:] if nth else parts["days"]
    digits = sorted(str(DAYS.index(day) + 1) for day in set(days.split(",")))
    until = parts["until"]
    return Repeat(
        int(parts["every"]),
        "".join(digits),
        nth,
        int(parts["times"]) if parts["times"] else None,
        datetime.strptime(until, "%Y%m%d").date() if until else None,  # noqa: DTZ007
    )


def times_of(rule: str, start: datetime, zone: str, length: timedelta) -> list[Span]:
    """Every time of the rule from `start` on. `start` itself only counts when it fits.

    Raises `NotPossible` where there are too many, too long, or none.
    """
    repeat = repeat_of(rule)
    wall = plant_time(start, zone).replace(tzinfo=None)
    end = wall + LONGEST
    if repeat.until is not None and repeat.until > end.date():
        raise _too_long()
    bare = rule.rsplit(";", 1)[0]
    last = (
        end
        if repeat.until is None
        else datetime.combine(repeat.until, datetime.max.time())
    )
    walls = rrulestr(bare, dtstart=wall).replace(until=last)
    found = list(islice(walls, repeat.times or MOST + 1))
    if len(found) > MOST:
        raise NotPossible(
            _("That are more than %(most)s times. Choose fewer.") % {"most": MOST},
            code="too_many_times",
        )
    if repeat.times is not None and len(found) < repeat.times:
        raise _too_long()
    if not found:
        raise NotPossible(
            _("The repeat has no time between its start and its end."), code="no_time"
        )
    starts = [moment_of_wall_time(each, zone) for each in found]
    return [Span(one, one + length) for one in starts]


def rule_words(rule: str) -> str:
    """`every 2 weeks on Mon, Thu, 12 times`; empty without a rule."""
    if not rule:
        return ""
    repeat = repeat_of(rule)
    days = weekdays_words(repeat.weekdays)
    if repeat.nth:
        how = ngettext(
            "every month on the %(nth)s %(day)s",
            "every %(every)s months on the %(nth)s %(day)s",
            repeat.every,
        ) % {"every": repeat.every, "nth": nth_words(repeat.nth), "day": days}
    else:
        how = ngettext(
            "every week on %(days)s", "every %(every)s weeks on %(days)s", repeat.every
        ) % {"every": repeat.every, "days": days}
    if repeat.until is not None:
        day = dateformat.format(repeat.until, pgettext("date format", "j M Y"))
        return _("%(how)s, until %(day)s") % {"how": how, "day": day}
    return _("%(how)s, %(times)s times") % {"how": how, "times": repeat.times}


def nth_words(nth: int) -> str:
    return {
        1: _("first"), 2: _("second"), 3: _("third"), 4: _("fourth"), LAST: _("last"),
    }[nth]  # fmt: skip


def _fits(parts: re.Match[str]) -> bool:
    """By months exactly one numbered day, by weeks days without a number."""
    numbered = parts["days"][0] in "-1234"
    single = "," not in parts["days"]
    return numbered and single if parts["frequency"] == MONTHLY else not numbered


def _too_long() -> NotPossible:
    return NotPossible(
        _("A repeat lasts a year at most. Choose fewer times, or an earlier last day."),
        code="series_too_long",
    )
