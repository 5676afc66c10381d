"""Roles of people of the plant, per site. A contractor's role follows from the vendor."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class RoleGrant(models.Model):
    """One person holds one role at one site (or at every site, when `site` is empty)."""

    class Role(models.TextChoices):
        OT_SUPERVISOR = "ot_supervisor", _("OT supervisor")
        IT_SECURITY = "it_security", _("IT security")
        COMPLIANCE = "compliance", _("Compliance")
        ADMINISTRATOR = "administrator", _("Administrator")

    class Source(models.TextChoices):
        HAND = "hand", _("Given by hand")
        DIRECTORY = "directory", _("By a group of the directory")

    user = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="role_grants"
    )
    role = models.CharField(max_length=20, choices=Role.choices)
    site = models.ForeignKey(
        "plants.Site",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="role_grants",
    )
    # What the directory gave it takes away, at the next sign-in; what a hand gave stays.
    source = models.CharField(
        max_length=10, choices=Source.choices, default=Source.HAND
    )
    granted_at = models.DateTimeField(default=timezone.now)
    granted_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        ordering = ["user", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "site"], name="role_granted_once_per_site"
            ),
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=models.Q(site__isnull=True),
                name="role_granted_once_for_every_site",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.user}: {self.get_role_display()} ({self.site or _('every site')})"
        )
