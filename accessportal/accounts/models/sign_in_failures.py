"""Failed passwords, counted for accounts that exist and for those that do not alike."""

from __future__ import annotations

from django.db import models


class SignInFailures(models.Model):
    """Of one account, from one network address, or (empty) from anywhere.

    account_hash: keyed hash of what was typed as the e-mail address: it may be nobody's, and
    it may be a password in the wrong field.
    """

    account_hash = models.CharField(max_length=64)
    address = models.CharField(max_length=45, blank=True)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_hash", "address"], name="sign_in_failures_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} failures"
