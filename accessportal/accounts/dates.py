"""Days as people write them, and the moments they mean: a date is good to its last minute."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django import forms
from django.utils import timezone


class DayInput(forms.DateInput):
    """The browser's own picker for a day."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def last_minute_of(day: date) -> datetime:
    """23:59 of that day in the reader's time zone."""
    return timezone.make_aware(datetime.combine(day, time(23, 59)))


def first_minute_of(day: date) -> datetime:
    """00:00 of that day in the reader's time zone, or the first minute that it has."""
    return timezone.make_aware(datetime.combine(day, time(0, 0)))


def day_of(moment: datetime | None) -> date | None:
    """The day of a moment in the reader's time zone."""
    return timezone.localtime(moment).date() if moment is not None else None


def kept_or_last_minute(day: date | None, moment: datetime | None) -> datetime | None:
    """The moment meant by `day`: the stored one where the day has not changed.

    So somebody in another time zone who saves the form does not move it by hours.
    """
    if day is None or day == day_of(moment):
        return moment if day is not None else None
    return last_minute_of(day)


def is_far_away(day: date) -> bool:
    """More than 20 years ahead is a slip of the finger."""
    return day > timezone.localdate() + timedelta(days=20 * 366)
