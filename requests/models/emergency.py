"""What follows an emergency: who was passed over, and the second look that is owed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class EmergencyLookQuerySet(models.QuerySet["EmergencyLook"]):
    def open(self) -> EmergencyLookQuerySet:
        return self.filter(done_at__isnull=True)

    def late(self, *, at: datetime | None = None) -> EmergencyLookQuerySet:
        return self.open().filter(due_at__lte=at or timezone.now())

    def was_late(self, *, at: datetime | None = None) -> EmergencyLookQuerySet:
        """Done after it was due, or due and not done yet."""
        return self.filter(
            models.Q(done_at__isnull=True, due_at__lte=at or timezone.now())
            | models.Q(done_at__gt=models.F("due_at"))
        )

    def visible_to(self, user: User) -> EmergencyLookQuerySet:
        """The plant's people see those of the requests that they see; a vendor's see none."""
        from requests.models.access_request import AccessRequest

        if user.vendor_id is not None:
            return self.none()
        return self.filter(access_request__in=AccessRequest.objects.visible_to(user))

    def owed_by(self, user: User) -> EmergencyLookQuerySet:
        """Open ones that `user` may do: asked in ordinary times, or IT security of the site;
        never who let somebody in, nor who opened the request."""
        from accessportal.accounts.authorisation import Action, sites_where
        from requests.approvers import skipped_steps_for

        skipped = SkippedStep.objects.filter(
            skipped_steps_for(user), look=models.OuterRef("pk")
        )
        return (
            self.open()
            .filter(
                models.Q(
                    access_request__site__in=sites_where(user, Action.EMERGENCY_LOOK)
                )
                | models.Exists(skipped)
            )
            .exclude(access_request__decisions__decided_by=user)
            .exclude(access_request__emergency_by=user)
        )


class EmergencyLook(models.Model):
    """The second look at who was let in, and why; owed from the moment of the approval."""

    class Verdict(models.TextChoices):
        JUSTIFIED = "justified", _("Justified")
        NOT_JUSTIFIED = "not_justified", _("Not justified")

    access_request = models.OneToOneField(
        "access_requests.AccessRequest",
        on_delete=models.PROTECT,
        related_name="emergency_look",
    )
    due_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    # When it was last said that it is late.
    late_told_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    verdict = models.CharField(max_length=14, choices=Verdict.choices, blank=True)
    note = models.CharField(max_length=2000, blank=True)

    objects = EmergencyLookQuerySet.as_manager()

    class Meta:
        ordering = ["due_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    done_at__isnull=True, done_by__isnull=True, verdict="", note=""
                )
                | (
                    models.Q(done_at__isnull=False, done_by__isnull=False)
                    & ~models.Q(verdict="")
                    & ~models.Q(note="")
                ),
                name="emergency_look_is_done_with_all_it_says",
            ),
        ]
        indexes = [
            models.Index(fields=["done_at", "due_at"], name="emergency_look_due"),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}: {self.get_verdict_display() or _('open')}"

    @property
    def is_late(self) -> bool:
        """Done too late, or late now."""
        return self.due_at < (self.done_at or timezone.now())


class SkippedStep(models.Model):
    """People whom the ordinary policy would have asked, as steps name them (`who`)."""

    look = models.ForeignKey(
        EmergencyLook, on_delete=models.CASCADE, related_name="skipped"
    )
    who = models.CharField(max_length=40)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["look", "who"], name="skipped_once_per_emergency"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.look}: {self.who}"
