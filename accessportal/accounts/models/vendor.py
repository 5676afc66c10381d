"""A company whose people service machines of the plant."""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Vendor(models.Model):
    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    sponsor = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sponsored_vendors",
        help_text=_("The person of the plant who answers for this vendor."),
    )
    contract_ends_at = models.DateTimeField(_("contract ends"))
    max_sessions = models.PositiveSmallIntegerField(
        _("sessions at a time"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("So many of its people may be connected at once, at all sites."),
    )
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    suspended_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_active_at(self, at: datetime) -> bool:
        return self.suspended_at is None and self.contract_ends_at > at

    @property
    def active(self) -> bool:
        return self.is_active_at(timezone.now())
