"""How the portal signs in at an endpoint. No page, API, log or recording shows a secret."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Credential(models.Model):
    """Secrets are AES-GCM envelopes bound to this row (`accessportal.plants.vault`)."""

    endpoint = models.OneToOneField(
        "plants.Endpoint", on_delete=models.CASCADE, related_name="credential"
    )
    username = models.CharField(max_length=120, blank=True)
    password_envelope = models.TextField(blank=True, editable=False)
    private_key_envelope = models.TextField(blank=True, editable=False)
    passphrase_envelope = models.TextField(blank=True, editable=False)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.username or '–'}"
