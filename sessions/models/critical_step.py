"""A step that must not be broken off: declared by the contractor, accepted by the plant."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CriticalStepQuerySet(models.QuerySet["CriticalStep"]):
    def running(self, *, at: datetime | None = None) -> CriticalStepQuerySet:
        """Accepted, not ended, and within its time."""
        return self.filter(ended_at__isnull=True, until__gt=at or timezone.now())


class CriticalStep(models.Model):
    """While it runs, only a person's act ends or freezes the session (promise 6)."""

    brokered_session = models.ForeignKey(
        "brokered_sessions.BrokeredSession",
        on_delete=models.CASCADE,
        related_name="critical_steps",
    )
    what = models.CharField(_("what is done"), max_length=200)
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    declared_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    declared_at = models.DateTimeField(default=timezone.now)
    accepted_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    # Set when it is accepted: no later than this does it protect the session.
    until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = CriticalStepQuerySet.as_manager()

    class Meta:
        ordering = ["declared_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["brokered_session"],
                condition=models.Q(ended_at__isnull=True),
                name="one_open_critical_step_per_session",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_by__isnull=True)
                | ~models.Q(accepted_by=models.F("declared_by")),
                name="critical_step_accepted_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True, until__isnull=True)
                | models.Q(accepted_at__isnull=False, until__isnull=False),
                name="critical_step_accepted_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brokered_session}: {self.what}"
