"""A browser with which a person has worked on a machine before."""

from __future__ import annotations

from django.db import models


class KnownBrowser(models.Model):
    """`token_hash`: of a random token in a signed cookie; it says nothing of the person."""

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="known_browsers"
    )
    token_hash = models.CharField(max_length=64)
    first_used_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_used_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "token_hash"], name="browser_known_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.token_hash[:8]}"
