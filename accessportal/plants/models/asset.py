"""A machine, and which vendors service it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accessportal.accounts.models import User, Vendor


class AssetQuerySet(models.QuerySet["Asset"]):
    def visible_to(self, user: User) -> AssetQuerySet:
        """The assets of the sites whose plant this person may see."""
        from accessportal.accounts.authorisation import Action, at_sites_where

        return self.filter(at_sites_where(user, Action.PLANT_SEE, "zone__site"))

    def serviced_by(self, vendor: Vendor) -> AssetQuerySet:
        """What the vendor services, at the sites where it may work."""
        return self.filter(vendors=vendor, zone__site__vendors=vendor)


class Asset(models.Model):
    class Criticality(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    class OnRecordFailure(models.TextChoices):
        """What becomes of a session whose recording failed; its input is frozen at once."""

        END = "end", _("End the session at once")
        GRACE = "grace", _("End the session after a grace time")
        CONTINUE = (
            "continue_with_attendance",
            _("Go on while somebody of the plant attends"),
        )

    zone = models.ForeignKey(
        "plants.Zone", on_delete=models.PROTECT, related_name="assets"
    )
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    description = models.CharField(_("what it does"), max_length=500, blank=True)
    location = models.CharField(_("where it stands"), max_length=120, blank=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=120, blank=True)
    criticality = models.CharField(
        max_length=10, choices=Criticality.choices, default=Criticality.MEDIUM
    )
    on_record_failure = models.CharField(
        max_length=30, choices=OnRecordFailure.choices, default=OnRecordFailure.GRACE
    )
    record_grace_seconds = models.PositiveSmallIntegerField(
        _("grace time when recording fails, in seconds"),
        default=60,
        validators=[MinValueValidator(5), MaxValueValidator(900)],
    )
    attendance_required = models.BooleanField(
        _("somebody of the plant must attend"),
        default=False,
        help_text=_("Input is live only while a person of the plant says to be there."),
    )
    attendance_minutes = models.PositiveSmallIntegerField(
        _("attendance is said again every so many minutes"),
        default=10,
        validators=[MinValueValidator(2), MaxValueValidator(60)],
    )
    # Somebody of the plant lets nobody from outside work on it.
    locked_out_at = models.DateTimeField(null=True, blank=True)
    locked_out_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    locked_out_reason = models.CharField(max_length=500, blank=True)
    vendors = models.ManyToManyField(
        "accounts.Vendor", through="plants.VendorAsset", related_name="assets"
    )

    objects = AssetQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "name"], name="asset_name_once_per_zone"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def site_id(self) -> int:
        return self.zone.site_id


class VendorAsset(models.Model):
    """A vendor services an asset: only then may its people ask for it."""

    vendor = models.ForeignKey("accounts.Vendor", on_delete=models.CASCADE)
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE)
    usual_work = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "asset"], name="vendor_asset_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vendor}: {self.asset}"
