"""What would make a request one that the plant says yes to: proposed by an approver."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ProposedChange(models.Model):
    """Narrower access, or another time, that an approver proposes; the contractor answers.

    It is the approver's yes, too: what was seen, with which factor and from where is kept,
    and becomes the decision when the contractor accepts. `endpoints`: ids of those kept.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Proposed")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        OUTDATED = "outdated", _("Outdated")

    access_request = models.ForeignKey(
        "access_requests.AccessRequest",
        on_delete=models.CASCADE,
        related_name="proposals",
    )
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.PENDING
    )
    wanted_from = models.DateTimeField()
    wanted_until = models.DateTimeField()
    permission = models.CharField(max_length=10)
    endpoints = models.JSONField(default=list)
    attendance_required = models.BooleanField(default=False)
    reason = models.CharField(max_length=2000, blank=True)
    proposed_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField(default=timezone.now)
    facts_hash = models.CharField(max_length=64)
    factor = models.CharField(max_length=30)
    source_address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["access_request"],
                condition=models.Q(state="pending"),
                name="one_open_proposal_per_request",
            ),
            models.CheckConstraint(
                condition=models.Q(wanted_until__gt=models.F("wanted_from")),
                name="proposal_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~models.Q(factor=""), name="proposal_has_a_factor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}: {self.get_state_display()}"
