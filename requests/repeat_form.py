"""The part of the form by which work repeats: a small builder of the rule."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accessportal.plants.forms import WEEKDAYS
from requests.recurrence import LAST, MOST, Repeat, Unit

ONCE = ""
NTH, LAST_SUCH, DATE, LAST_OF_MONTH = "nth", "last", "date", "end"
TIMES, LAST_DAY = "times", "until"


class RepeatForm(forms.Form):
    """Nothing of it is needed where nothing repeats. A weekday or a date is the start's."""

    repeat = forms.ChoiceField(
        label=_("Does it repeat?"),
        choices=[
            (ONCE, _("No, once")),
            (Unit.DAYS, _("By days")),
            (Unit.WEEKS, _("By weeks")),
            (Unit.MONTHS, _("By months")),
            (Unit.YEARS, _("By years")),
        ],
        required=False,
    )
    every = forms.IntegerField(
        label=_("Every how many?"),
        min_value=1,
        max_value=99,
        required=False,
        initial=1,
        help_text=_("1: each one, 2: every second."),
    )
    weekdays = forms.MultipleChoiceField(
        label=_("On"),
        choices=WEEKDAYS,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Nothing chosen: the weekday of the start."),
    )
    on_day = forms.ChoiceField(
        label=_("On which day of the month?"),
        choices=[
            (NTH, _("The weekday of the start: the second Tuesday …")),
            (LAST_SUCH, _("The last such weekday: the last Tuesday …")),
            (DATE, _("The date of the start: day 10 …")),
            (LAST_OF_MONTH, _("The last day of the month")),
        ],
        required=False,
        initial=NTH,
    )
    ends = forms.ChoiceField(
        label=_("Ends"),
        choices=[(TIMES, _("after so many times")), (LAST_DAY, _("on a day"))],
        required=False,
        initial=TIMES,
    )
    times = forms.IntegerField(
        label=_("How many times?"),
        min_value=2,
        max_value=MOST,
        required=False,
        initial=6,
    )
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    on_release = forms.IntegerField(
        label=_("Minutes of work, from when the shift gives the line"),
        min_value=5,
        max_value=720,
        required=False,
        help_text=_(
            "Between the start and the end above, as soon as production can do without "
            "the line. Empty: the window opens by the clock."
        ),
    )
    tolerance = forms.IntegerField(
        label=_("Minutes of delay that you can wait longer"),
        min_value=0,
        max_value=240,
        required=False,
    )

    def repeat_of(self, data: dict[str, Any], wall: datetime) -> Repeat | None:
        """What was chosen, for a start at this wall-clock time; None where nothing repeats.

        Adds errors for what is missing.
        """
        how = data.get("repeat") or ONCE
        if how == ONCE:
            return None
        until: date | None = None
        times: int | None = None
        if data.get("ends") == LAST_DAY:
            until = data.get("last_day")
            if until is None and "last_day" not in self.errors:
                self.add_error("last_day", _("Choose the last day."))
        else:
            times = data.get("times")
            if times is None and "times" not in self.errors:
                self.add_error("times", _("Say how many times."))
        if until is None and times is None:
            return None
        unit, every = Unit(how), data.get("every") or 1
        own_day = str(wall.isoweekday())
        if unit == Unit.DAYS:
            return Repeat(unit, every, times=times, until=until)
        if unit == Unit.WEEKS:
            days = "".join(sorted(set(data.get("weekdays") or [own_day])))
            return Repeat(unit, every, days, times=times, until=until)
        month = wall.month if unit == Unit.YEARS else 0
        on_day = data.get("on_day") or NTH
        if on_day in (DATE, LAST_OF_MONTH):
            day = wall.day if on_day == DATE else LAST
            return Repeat(unit, every, "", 0, day, month, times, until)
        nth = LAST if on_day == LAST_SUCH else (wall.day - 1) // 7 + 1
        if nth > 4:
            # Not every month has a fifth: that is what "the last" is for.
            nth = LAST
        return Repeat(unit, every, own_day, nth, 0, month, times, until)

    def skips_of(self) -> set[date]:
        """The days that are left out."""
        return self._days_of("skip")

    def extras_of(self) -> list[date]:
        """The days that are added, in order."""
        return sorted(self._days_of("extra"))

    def _days_of(self, name: str) -> set[date]:
        """What is no day is none."""
        getlist = getattr(self.data, "getlist", None)
        raw = getlist(name) if getlist else self.data.get(name, [])
        days = set()
        for text in list(raw)[: MOST * 2]:
            try:
                days.add(date.fromisoformat(str(text)))
            except ValueError:
                continue
        return days
