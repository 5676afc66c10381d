"""The look back by compliance, after the work."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class ComplianceReviewQuerySet(models.QuerySet["ComplianceReview"]):
    def visible_to(self, user: User) -> ComplianceReviewQuerySet:
        """Reviews of the sites at which a person may clear or flag."""
        from accessportal.accounts.authorisation import Action, at_sites_where

        return self.filter(
            at_sites_where(
                user,
                Action.REVIEW_COMPLETE,
                "recording__brokered_session__endpoint__asset__zone__site",
            )
        )

    def waiting(self) -> ComplianceReviewQuerySet:
        return self.filter(state=ComplianceReview.State.OPEN)

    def late(self, *, at: datetime | None = None) -> ComplianceReviewQuerySet:
        return self.waiting().filter(due_at__lt=at or timezone.now())


class ComplianceReview(models.Model):
    """Reviewer independence: never the person who worked, nor who let them in."""

    class State(models.TextChoices):
        OPEN = "open", _("To be reviewed")
        CLEARED = "cleared", _("Cleared")
        FLAGGED = "flagged", _("Flagged")

    FINAL = frozenset({State.CLEARED, State.FLAGGED})

    recording = models.OneToOneField(
        "brokered_sessions.Recording", on_delete=models.PROTECT, related_name="review"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    reviewed_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    notes = models.TextField(max_length=4000, blank=True)
    # Copied so that the database can refuse a reviewer who took part.
    worked_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )

    objects = ComplianceReviewQuerySet.as_manager()

    class Meta:
        ordering = ["due_at"]
        indexes = [models.Index(fields=["state", "due_at"], name="review_queue")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    state="open", reviewed_by__isnull=True, reviewed_at__isnull=True
                )
                | (
                    ~models.Q(state="open")
                    & models.Q(reviewed_by__isnull=False, reviewed_at__isnull=False)
                ),
                name="review_done_has_person_and_time",
            ),
            models.CheckConstraint(
                condition=models.Q(reviewed_by__isnull=True)
                | (
                    ~models.Q(reviewed_by=models.F("worked_by"))
                    & ~models.Q(reviewed_by=models.F("approved_by"))
                ),
                name="reviewer_took_no_part",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="flagged", notes=""), name="flag_has_notes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recording}: {self.get_state_display()}"

    def is_late(self, *, at: datetime | None = None) -> bool:
        return self.state == self.State.OPEN and self.due_at < (at or timezone.now())
