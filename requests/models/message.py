"""The thread of a request: questions and answers between the plant and who asked."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class RequestMessage(models.Model):
    """What one person wrote; it stays as it is, and belongs to what was decided on."""

    access_request = models.ForeignKey(
        "access_requests.AccessRequest",
        on_delete=models.CASCADE,
        related_name="messages",
    )
    author = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    written_at = models.DateTimeField(default=timezone.now)
    text = models.CharField(max_length=2000)

    class Meta:
        ordering = ["written_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(text=""), name="message_says_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}: {self.author}"
