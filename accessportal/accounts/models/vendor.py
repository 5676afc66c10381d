"""A company whose people service machines of the plant."""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Vendor(models.Model):
    """Works only where the plant says so: at `sites`, and there on the assets it services.

    A vendor without a site may work nowhere, whatever it is said to service.
    """

    class Criticality(models.TextChoices):
        """How much the plant depends on it, and how far its people reach (NIS2 21(3))."""

        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

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
    services = models.CharField(
        _("what they do"),
        max_length=500,
        blank=True,
        help_text=_("Such as: filling and capping machines, control software."),
    )
    criticality = models.CharField(
        _("criticality"),
        max_length=10,
        choices=Criticality.choices,
        default=Criticality.MEDIUM,
        help_text=_("How much the plant depends on this company."),
    )
    sites = models.ManyToManyField(
        "plants.Site",
        verbose_name=_("sites"),
        related_name="vendors",
        blank=True,
    )
    contact_name = models.CharField(_("contact"), max_length=120, blank=True)
    contact_email = models.EmailField(_("contact's e-mail"), blank=True)
    contact_phone = models.CharField(_("contact's phone"), max_length=40, blank=True)
    security_contact_name = models.CharField(
        _("security contact"), max_length=120, blank=True
    )
    security_contact_email = models.EmailField(
        _("security contact's e-mail"), blank=True
    )
    security_contact_phone = models.CharField(
        _("security contact's phone, day and night"), max_length=40, blank=True
    )
    training_required = models.BooleanField(
        _("its people need a safety training"),
        default=False,
        help_text=_("Without one on record nobody of the company may ask for access."),
    )
    nda_required = models.BooleanField(
        _("its people sign a non-disclosure agreement"),
        default=False,
        help_text=_("Without one on record nobody of the company may ask for access."),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
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
