"""A vendor's person has left: what was taken away, and how fast (CIP-004 R5.1, PS-4, PS-7)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class DepartureQuerySet(models.QuerySet["Departure"]):
    def open(self) -> DepartureQuerySet:
        """Not every session that was live is proven over yet."""
        return self.filter(completed_at__isnull=True)

    def visible_to(self, user: User) -> DepartureQuerySet:
        """Who sees vendors sees all, a sponsor and a coordinator those of their vendor."""
        from accessportal.accounts.authorisation import Action, may

        if user.vendor_id is not None:
            own = user.is_active and user.coordinates and not user.awaits_sponsor
            return self.filter(vendor=user.vendor_id) if own else self.none()
        if may(user, Action.VENDOR_SEE):
            return self.all()
        return self.filter(vendor__sponsor=user) if user.is_active else self.none()


class Departure(models.Model):
    """One report of a leaver. When each session ended, and when that was proven, stands in
    the session's own row.

    `left_at` is when the person left the company, `reported_at` when the plant was told:
    the clock of R5.1 runs from there to `access_ended_at`, and to `completed_at`, when the
    last live session was proven over.
    """

    number = models.CharField(max_length=20, unique=True)  # DEP-2026-0003
    person = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="departures"
    )
    vendor = models.ForeignKey(
        "accounts.Vendor", on_delete=models.PROTECT, related_name="departures"
    )
    left_at = models.DateTimeField()
    reported_at = models.DateTimeField(default=timezone.now)
    reported_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    note = models.CharField(max_length=500, blank=True)
    access_ended_at = models.DateTimeField()
    web_sessions_ended = models.PositiveIntegerField(default=0)
    invitations_revoked = models.PositiveIntegerField(default=0)
    windows_revoked = models.PositiveIntegerField(default=0)
    requests_withdrawn = models.PositiveIntegerField(default=0)
    sessions = models.ManyToManyField(
        "brokered_sessions.BrokeredSession", related_name="departures", blank=True
    )
    completed_at = models.DateTimeField(null=True, blank=True)
    # The sponsor has seen it, and agrees that the person is off the list.
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = DepartureQuerySet.as_manager()

    class Meta:
        ordering = ["-reported_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(access_ended_at__gte=models.F("reported_at")),
                name="access_ends_after_the_report",
            ),
            models.CheckConstraint(
                condition=models.Q(completed_at__isnull=True)
                | models.Q(completed_at__gte=models.F("access_ended_at")),
                name="a_departure_is_complete_after_the_access_ended",
            ),
            models.CheckConstraint(
                condition=models.Q(left_at__lte=models.F("reported_at")),
                name="nobody_is_reported_before_leaving",
            ),
        ]
        indexes = [models.Index(fields=["-reported_at"], name="departure_reported")]

    def __str__(self) -> str:
        return self.number

    @property
    def seconds_to_end(self) -> float:
        """From the report to the end of the access."""
        return (self.access_ended_at - self.reported_at).total_seconds()

    @property
    def seconds_to_proof(self) -> float | None:
        """From the report to the proof that nothing is left; None while that is open."""
        if self.completed_at is None:
            return None
        return (self.completed_at - self.reported_at).total_seconds()

    def seconds_open(self, *, at: datetime | None = None) -> float:
        """From the report to now, while the proof is open."""
        return ((at or timezone.now()) - self.reported_at).total_seconds()
