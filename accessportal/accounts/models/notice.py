"""Who has accepted which version of the notice that everything is recorded, and when."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class NoticeAcceptance(models.Model):
    """The first acceptance of one version by one person; each session keeps its own, too."""

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="notices_accepted"
    )
    version = models.CharField(max_length=20)
    accepted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-accepted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "version"], name="notice_version_accepted_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.version}"
