"""The times of a request that repeats, as they were asked for."""

from __future__ import annotations

from django.db import models


class RequestedOccurrence(models.Model):
    """One time. The first is the request's own; approval makes a request of each other.

    `left_out`: why it was not made, in the words that were said then.
    """

    access_request = models.ForeignKey(
        "access_requests.AccessRequest",
        on_delete=models.CASCADE,
        related_name="occurrences",
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    left_out = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["access_request", "starts_at"],
                name="occurrence_once_per_request",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="occurrence_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access_request} {self.starts_at:%Y-%m-%d %H:%M}Z"
