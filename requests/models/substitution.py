"""One person of a vendor in the place of another, in an approved request: its own act."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class SubstitutionQuerySet(models.QuerySet["Substitution"]):
    def awaiting_decision(self, *, at: datetime | None = None) -> SubstitutionQuerySet:
        """Asked for in a window that is not over."""
        return self.filter(
            state=Substitution.State.PENDING,
            access_request__window__closes_at__gt=at or timezone.now(),
            access_request__window__revoked_at__isnull=True,
        )

    def for_supervisor(self, user: User) -> SubstitutionQuerySet:
        """Those at the sites where `user` decides."""
        from accessportal.accounts.authorisation import Action, at_sites_where

        return self.filter(
            at_sites_where(user, Action.REQUEST_DECIDE, "access_request__site")
        )


class Substitution(models.Model):
    """The window stays as it is; the plant decides on the difference alone."""

    class State(models.TextChoices):
        PENDING = "pending", _("Asked for")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")

    access_request = models.ForeignKey(
        "access_requests.AccessRequest",
        on_delete=models.CASCADE,
        related_name="substitutions",
    )
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.PENDING
    )
    leaves = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    comes = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=500)
    asked_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)

    objects = SubstitutionQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["access_request"],
                condition=models.Q(state="pending"),
                name="one_open_substitution_per_request",
            ),
            models.CheckConstraint(
                condition=~models.Q(leaves=models.F("comes")),
                name="substitution_of_another_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="substitution_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}: {self.leaves} → {self.comes}"
