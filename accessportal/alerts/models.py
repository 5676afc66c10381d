"""An alert stands for a burst of events: who or what, how often, from when to when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class SecurityAlertQuerySet(models.QuerySet["SecurityAlert"]):
    def open(self) -> SecurityAlertQuerySet:
        return self.filter(acknowledged_at__isnull=True)


class SecurityAlert(models.Model):
    """One rule and one key (a person, an address, a session): at most one of them is open."""

    rule = models.CharField(max_length=40)
    key = models.CharField(max_length=100, blank=True)
    # Whom or what the key means, in words, as it was when the alert was raised.
    label = models.CharField(max_length=200, blank=True)
    severity = models.CharField(max_length=10)
    count = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    raised_at = models.DateTimeField(default=timezone.now)
    notified_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    acknowledged_reason = models.CharField(max_length=500, blank=True)

    objects = SecurityAlertQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "key"],
                condition=models.Q(acknowledged_at__isnull=True),
                name="alert_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    acknowledged_at__isnull=True, acknowledged_by__isnull=True
                )
                | models.Q(
                    acknowledged_at__isnull=False, acknowledged_by__isnull=False
                ),
                name="alert_acknowledged_by_somebody",
            ),
            models.CheckConstraint(
                condition=models.Q(last_at__gte=models.F("first_at")),
                name="alert_last_after_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.label}".strip()


class AlertMark(models.Model):
    """How far the trail has been looked at; one row."""

    seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="alert_mark_is_one")
        ]

    def __str__(self) -> str:
        return f"looked at up to {self.seq}"
