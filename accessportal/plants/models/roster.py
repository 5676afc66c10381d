"""Who is on shift: weekly shifts on the plant's clock, and the days on which they differ."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class Shift(models.Model):
    """One shift of a site, every week at the same time of its clock.

    `ends` not after `begins`: on the next day. A roster says who is told first; it neither
    gives a right nor takes one away.
    """

    site = models.ForeignKey(
        "plants.Site", on_delete=models.CASCADE, related_name="shifts"
    )
    name = models.CharField(_("name"), max_length=60)
    weekdays = models.CharField(
        _("begins on"),
        max_length=7,
        validators=[RegexValidator(r"^[1-7]+$")],
        help_text=_("1 is Monday, 7 is Sunday."),
    )
    begins = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))
    people = models.ManyToManyField("accounts.User", related_name="shifts")

    class Meta:
        ordering = ["begins", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "name"], name="shift_name_once_per_site"
            ),
            models.CheckConstraint(
                condition=~models.Q(weekdays=""), name="shift_on_some_weekday"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ShiftException(models.Model):
    """On the day on which it begins, a shift is made by these people, whatever the weekday;
    by nobody: it does not take place."""

    shift = models.ForeignKey(
        Shift, on_delete=models.CASCADE, related_name="exceptions"
    )
    date = models.DateField(_("day"))
    people = models.ManyToManyField("accounts.User", related_name="+")

    class Meta:
        ordering = ["date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shift", "date"], name="shift_exception_once_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shift}, {self.date}"
