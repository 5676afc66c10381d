"""A machine's way in: what its owner may do, cut down to scopes, sites and networks."""

from __future__ import annotations

import ipaddress
from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def in_force(self, *, at: datetime | None = None) -> ApiTokenQuerySet:
        return self.filter(revoked_at__isnull=True, expires_at__gt=at or timezone.now())


class ApiToken(models.Model):
    """Only the SHA-256 of the secret is stored; the secret is shown once, when it is made.

    `prefix` is the part by which people and logs recognise it. `networks` empty: from
    anywhere; `sites` empty: wherever the owner may.
    """

    class Scope(models.TextChoices):
        SESSIONS_READ = "sessions:read", _("Read live and past sessions")
        REQUESTS_READ = "requests:read", _("Read requests and windows")
        AUDIT_READ = "audit:read", _("Read the audit trail")
        SESSIONS_END = "sessions:end", _("End a session")
        SITES_ISOLATE = "sites:isolate", _("Isolate a site")

    name = models.CharField(_("name"), max_length=120)
    owner = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="api_tokens"
    )
    scopes = models.JSONField(default=list)
    sites = models.ManyToManyField("plants.Site", blank=True, related_name="+")
    networks = models.JSONField(default=list)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_address = models.CharField(max_length=45, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="api_token_expires_after_created",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def phase(self, *, at: datetime | None = None) -> str:
        """in_force, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "in_force" if self.expires_at > (at or timezone.now()) else "expired"

    @property
    def scope_words(self) -> list[str]:
        return [str(self.Scope(scope).label) for scope in self.scopes]

    def lets_in_from(self, address: str) -> bool:
        if not self.networks:
            return True
        try:
            asked = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(asked in ipaddress.ip_network(network) for network in self.networks)
