"""A contractor asks the plant to look whether another company's desktop is still open."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class DesktopQuestion(models.Model):
    """Answered by a person of the plant who looked at the machine."""

    endpoint = models.ForeignKey(
        "plants.Endpoint", on_delete=models.CASCADE, related_name="desktop_questions"
    )
    # The session whose desktop may still be there.
    left_by = models.ForeignKey(
        "brokered_sessions.BrokeredSession",
        on_delete=models.PROTECT,
        related_name="+",
    )
    asked_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=models.Q(answered_at__isnull=True),
                name="one_open_desktop_question_per_endpoint",
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.asked_at:%Y-%m-%d %H:%M}"
