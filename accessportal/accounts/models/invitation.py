"""A single-use, expiring link by which a person of a vendor, or of the plant, joins."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models.role import RoleGrant


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, *, at: datetime | None = None) -> InvitationQuerySet:
        return self.filter(
            accepted_at__isnull=True,
            revoked_at__isnull=True,
            expires_at__gt=at or timezone.now(),
        )


class Invitation(models.Model):
    """Bound to an e-mail address; only the hash of the link's token is stored.

    Without a vendor it is for a person of the plant, who then gets its `roles`.
    """

    email = models.EmailField(max_length=254)
    full_name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=8, choices=settings.LANGUAGES, default="en")
    vendor = models.ForeignKey(
        "accounts.Vendor",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="invitations",
    )
    access_expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Until when the account will be good."
    )
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    invited_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.OneToOneField(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invitation",
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-invited_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("invited_at")),
                name="invitation_expires_after_invited",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.organisation})"

    @property
    def organisation(self) -> str:
        return self.vendor.name if self.vendor else str(_("Plant"))


class InvitedRole(models.Model):
    """A role that comes with an invitation, at one site or (empty) at every site."""

    invitation = models.ForeignKey(
        Invitation, on_delete=models.CASCADE, related_name="roles"
    )
    role = models.CharField(max_length=20, choices=RoleGrant.Role.choices)
    site = models.ForeignKey(
        "plants.Site", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["role", "pk"]

    def __str__(self) -> str:
        return f"{self.get_role_display()} ({self.site or _('every site')})"
