"""A single-use link by which somebody who forgot the password gets to choose a new one."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone


class PasswordResetQuerySet(models.QuerySet["PasswordReset"]):
    def open(self, *, at: datetime | None = None) -> PasswordResetQuerySet:
        return self.filter(
            used_at__isnull=True,
            expires_at__gt=at or timezone.now(),
            user__isnull=False,
        ).exclude(token_hash="")


class PasswordReset(models.Model):
    """A row for every wish, also for an address that is nobody's: the same work for each.

    The token is made when the mail is; only its hash is kept. `mailed_at`: when that was
    done, also where there was nobody to mail.
    """

    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="password_resets",
    )
    token_hash = models.CharField(max_length=64, blank=True, db_index=True)
    asked_at = models.DateTimeField(default=timezone.now)
    asked_from = models.CharField(max_length=45, blank=True)
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = PasswordResetQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"{self.user}"
