"""A machine, and which vendors service it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accessportal.accounts.models import User, Vendor


class AssetQuerySet(models.QuerySet["Asset"]):
    def visible_to(self, user: User) -> AssetQuerySet:
        """The assets of the sites whose plant this person may see."""
        from accessportal.accounts.authorisation import Action, sites_where

        return self.filter(zone__site__in=sites_where(user, Action.PLANT_SEE))

    def serviced_by(self, vendor: Vendor) -> AssetQuerySet:
        return self.filter(vendors=vendor)


class Asset(models.Model):
    class Criticality(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    class OnRecordFailure(models.TextChoices):
        END = "end", _("End the session")

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
        max_length=30, choices=OnRecordFailure.choices, default=OnRecordFailure.END
    )
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
