"""The outbox: what a person is to be told, and whether it went out."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone


class NotificationQuerySet(models.QuerySet["Notification"]):
    def due(self, *, at: datetime | None = None) -> NotificationQuerySet:
        """Not sent, not given up, and past the wait after the last failure."""
        return self.filter(
            sent_at__isnull=True,
            given_up_at__isnull=True,
            next_try_at__lte=at or timezone.now(),
        )

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at__isnull=True)


class Notification(models.Model):
    """Written in the act's transaction; a task sends it, a sweep makes up for a crash."""

    MAX_ATTEMPTS = 8

    recipient = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="notifications"
    )
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    path = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="notification_due",
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.recipient}"

    def wait_after_failure(self) -> timedelta:
        """1, 2, 4 ... minutes, at most an hour."""
        return timedelta(minutes=min(2**self.attempts, 60))
