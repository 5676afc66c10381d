"""One person's yes or no, before the work, with what was seen."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ApprovalDecision(models.Model):
    """Four eyes (IEC 62443-3-3 SR 2.1): the decider is never the requester nor of a vendor.

    `requested_by` and `decider_vendor` are copied here so that the database can say so.
    """

    class Verdict(models.TextChoices):
        APPROVED = "approved", _("Approved")
        DENIED = "denied", _("Denied")

    access_request = models.ForeignKey(
        "access_requests.AccessRequest",
        on_delete=models.PROTECT,
        related_name="decisions",
    )
    step = models.PositiveSmallIntegerField(default=1)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    # Of the request itself: its round, which begins anew when what was asked changes, and
    # the steps whose places the person could fill. 0: about its window, later.
    round = models.PositiveSmallIntegerField(default=0)
    places = models.JSONField(default=list)
    # To what exactly it was said, where several people have to agree to a wider window.
    later_wish = models.ForeignKey(
        "access_requests.LaterWish",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="yeses",
    )
    decided_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="decisions"
    )
    decided_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=2000, blank=True)
    requested_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    decider_vendor = models.ForeignKey(
        "accounts.Vendor",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    facts = models.JSONField(default=dict)
    facts_hash = models.CharField(max_length=64)
    factor = models.CharField(max_length=30)
    source_address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["decided_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["access_request", "step"], name="one_decision_per_step"
            ),
            models.UniqueConstraint(
                fields=["access_request", "round", "decided_by"],
                condition=models.Q(verdict="approved", round__gt=0),
                name="one_place_for_each_person",
            ),
            models.UniqueConstraint(
                fields=["later_wish", "decided_by"],
                name="one_place_for_each_person_later",
            ),
            models.CheckConstraint(
                condition=~models.Q(decided_by=models.F("requested_by")),
                name="decider_is_not_requester",
            ),
            models.CheckConstraint(
                condition=models.Q(decider_vendor__isnull=True),
                name="decider_is_of_the_plant",
            ),
            models.CheckConstraint(
                condition=~models.Q(verdict="denied", reason=""),
                name="denial_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~models.Q(factor=""), name="decision_has_a_factor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}: {self.get_verdict_display()}"
