"""What the policy decision point said of a session, and on which facts."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class PolicyVerdict(models.Model):
    """One at each start, allowed or refused, one at each change while a session lasts, and
    those of its companions: each with whom it is about as `person`.

    `reasons` and `waiting` are codes of `sessions.policy`, the weightiest first; `facts` is
    what `Facts.as_evidence` gives. A refused start has no session; a companion who was
    refused has: it is there already.
    """

    class Moment(models.TextChoices):
        START = "start"
        DURING = "during"
        JOINING = "joining"
        """A companion comes in."""
        SHOWN_OUT = "shown_out"
        """A companion has to leave."""

    brokered_session = models.ForeignKey(
        "brokered_sessions.BrokeredSession",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="verdicts",
    )
    window = models.ForeignKey(
        "access_requests.MaintenanceWindow",
        on_delete=models.PROTECT,
        related_name="verdicts",
    )
    endpoint = models.ForeignKey(
        "plants.Endpoint", on_delete=models.PROTECT, related_name="+"
    )
    person = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    moment = models.CharField(max_length=10, choices=Moment.choices)
    outcome = models.CharField(max_length=10)
    reasons = models.JSONField(default=list)
    waiting = models.JSONField(default=list)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    outcome="refuse", moment="start", brokered_session__isnull=True
                )
                | (
                    ~models.Q(outcome="refuse", moment="start")
                    & models.Q(brokered_session__isnull=False)
                ),
                name="only_a_refused_start_has_no_session",
            ),
        ]
        indexes = [
            models.Index(fields=["brokered_session", "at"], name="verdict_of_session"),
            models.Index(fields=["window", "at"], name="verdict_of_window"),
        ]

    def __str__(self) -> str:
        return f"{self.moment}: {self.outcome} {', '.join(self.reasons)}".strip()
