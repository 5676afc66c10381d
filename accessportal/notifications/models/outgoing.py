"""What every row of the outbox has: when to try, how often it failed, how it ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self, TypeVar

from django.db import models
from django.utils import timezone

Row = TypeVar("Row", bound=models.Model)


class OutgoingQuerySet(models.QuerySet[Row]):
    def due(self, *, at: datetime | None = None) -> Self:
        """Not sent, not given up, and past the wait after the last failure."""
        return self.filter(
            sent_at__isnull=True,
            given_up_at__isnull=True,
            next_try_at__lte=at or timezone.now(),
        )


class Outgoing(models.Model):
    """Written in the act's transaction; a task sends it, a sweep makes up for a crash."""

    MAX_ATTEMPTS = 8

    created_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_due(self) -> bool:
        """The next try is due, or under way."""
        return self.next_try_at <= timezone.now()

    def wait_after_failure(self) -> timedelta:
        """1, 2, 4 ... minutes, at most an hour."""
        return timedelta(minutes=min(2**self.attempts, 60))

    def note_sent(self) -> None:
        self.sent_at = timezone.now()
        self.save(update_fields=["sent_at"])

    def note_failure(self, error: str, *, for_good: bool = False) -> None:
        """Say why, and when to try again; `for_good`, and after the last try: never."""
        self.attempts += 1
        self.last_error = error[:500]
        self.next_try_at = timezone.now() + self.wait_after_failure()
        if for_good or self.attempts >= self.MAX_ATTEMPTS:
            self.given_up_at = timezone.now()
        self.save(
            update_fields=["attempts", "last_error", "next_try_at", "given_up_at"]
        )
