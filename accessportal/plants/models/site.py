"""A plant, its IEC 62443 zones and the times when production must not be touched."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone."), params={"name": name}
        )


class Site(models.Model):
    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        validators=[validate_time_zone],
        default="Europe/Berlin",
    )
    control_room_phone = models.CharField(
        _("control room phone"), max_length=40, blank=True
    )
    record_key_values = models.BooleanField(
        _("record key values"),
        default=False,
        help_text=_(
            "Keys may be passwords; by default only the time and kind are kept."
        ),
    )
    # When somebody is there to look after a visitor; work outside of it is unusual.
    staffed_from = models.TimeField(_("staffed from"), default=time(6))
    staffed_until = models.TimeField(_("staffed until"), default=time(18))
    staffed_weekdays = models.CharField(
        _("staffed on"),
        max_length=7,
        default="12345",
        validators=[RegexValidator(r"^[1-7]+$")],
        help_text=_("1 is Monday, 7 is Sunday."),
    )
    isolated_at = models.DateTimeField(null=True, blank=True)
    isolated_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    isolated_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Zone(models.Model):
    """A zone in the sense of IEC 62443-3-2: assets with the same security needs."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="zones")
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["site", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "name"], name="zone_name_once_per_site"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProductionFreezeQuerySet(models.QuerySet["ProductionFreeze"]):
    def overlapping(self, start: datetime, end: datetime) -> ProductionFreezeQuerySet:
        return self.filter(starts_at__lt=end, ends_at__gt=start)


class ProductionFreeze(models.Model):
    """A time in which nobody from outside works on the site (or on one asset of it)."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="freezes")
    asset = models.ForeignKey(
        "plants.Asset",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="freezes",
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=500)
    # Set for what came out of a calendar: replaced as a whole when its event comes again.
    source = models.ForeignKey(
        "plants.CalendarSource",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="freezes",
    )
    uid = models.CharField(max_length=255, blank=True, editable=False)

    objects = ProductionFreezeQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="production_freeze_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.reason
