"""That somebody was warned: the account will be disabled unless something changes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accessportal.accounts.models.user import User


class LapseWarning(models.Model):
    """One for each person and cause, until it is settled: by use, a sponsor, or the disabling."""

    user = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="lapse_warnings"
    )
    cause = models.CharField(max_length=20, choices=User.Cause.choices)
    warned_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-warned_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "cause"],
                condition=Q(settled_at__isnull=True),
                name="lapse_warned_of_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_cause_display()}"
