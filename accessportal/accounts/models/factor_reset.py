"""Taking somebody's second factor away: asked for by one person, confirmed by another."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone


class FactorResetQuerySet(models.QuerySet["FactorReset"]):
    def open(self, *, at: datetime | None = None) -> FactorResetQuerySet:
        """Waiting for the second person."""
        return self.filter(
            confirmed_at__isnull=True,
            withdrawn_at__isnull=True,
            expires_at__gt=at or timezone.now(),
        )


class FactorReset(models.Model):
    """For a lost phone. Two people of the plant, neither of them the person, or nothing."""

    person = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="factor_resets"
    )
    asked_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=500)
    expires_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = FactorResetQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(asked_by=models.F("person")),
                name="factor_reset_not_asked_by_the_person",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by__isnull=True)
                | (
                    ~models.Q(confirmed_by=models.F("person"))
                    & ~models.Q(confirmed_by=models.F("asked_by"))
                ),
                name="factor_reset_confirmed_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_at__isnull=True)
                | models.Q(withdrawn_at__isnull=True),
                name="factor_reset_closed_once",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("asked_at")),
                name="factor_reset_expires_after_asked",
            ),
        ]

    def __str__(self) -> str:
        return str(self.person)
