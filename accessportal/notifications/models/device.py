"""A browser that may be pushed to, as its push service knows it (W3C Push API)."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class PushDevice(models.Model):
    """One subscription. `p256dh` and `auth` are the browser's, base64url without padding:
    only that browser can read what is sent to it (RFC 8291)."""

    MOST = 10
    """Devices that one person may have."""

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="push_devices"
    )
    endpoint = models.TextField()
    endpoint_hash = models.CharField(max_length=64, unique=True, editable=False)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=32)
    # Our key that the browser was told (accessportal.keys, `push`).
    key_id = models.CharField(max_length=16)
    label = models.CharField(max_length=80, blank=True)
    # The sign-in that it was made in, or that used it last: who ends that takes it along.
    web_session = models.ForeignKey(
        "accounts.WebSession",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="push_devices",
    )
    created_at = models.DateTimeField(default=timezone.now)
    last_shown_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.label}, {self.user}"
