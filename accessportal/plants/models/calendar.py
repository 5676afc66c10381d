"""Calendars of a plant that say when nobody is wanted, and when visitors are welcome."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CalendarSource(models.Model):
    """A calendar that freezes or stops are read from: a file (no `url`), or a feed."""

    class Kind(models.TextChoices):
        FREEZE = "freeze", _("Production freezes: nobody from outside is wanted")
        STOP = "stop", _("Maintenance stops: work from outside is welcome")

    site = models.ForeignKey(
        "plants.Site", on_delete=models.CASCADE, related_name="calendar_sources"
    )
    asset = models.ForeignKey(
        "plants.Asset", on_delete=models.CASCADE, null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    url = models.CharField(max_length=500, blank=True)
    added_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField(default=timezone.now)
    # When it was read without a mistake last, and until when its repeats are known.
    read_at = models.DateTimeField(null=True, blank=True)
    known_until = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "name"], name="calendar_source_name_once_per_site"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MaintenanceStopQuerySet(models.QuerySet["MaintenanceStop"]):
    def overlapping(self, start: datetime, end: datetime) -> MaintenanceStopQuerySet:
        return self.filter(starts_at__lt=end, ends_at__gt=start)


class MaintenanceStop(models.Model):
    """A time in which work from outside is welcome: the site or the machine stands still."""

    site = models.ForeignKey(
        "plants.Site", on_delete=models.CASCADE, related_name="stops"
    )
    asset = models.ForeignKey(
        "plants.Asset",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="stops",
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=500)
    # Set for what came out of a calendar: replaced as a whole when its event comes again.
    source = models.ForeignKey(
        CalendarSource,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="stops",
    )
    uid = models.CharField(max_length=255, blank=True, editable=False)

    objects = MaintenanceStopQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="maintenance_stop_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.reason
