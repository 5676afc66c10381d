"""What follows an emergency: who was passed over, and the second look that is owed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from requests.models.later_look import LaterLook, LaterLookQuerySet

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class EmergencyLookQuerySet(LaterLookQuerySet["EmergencyLook"]):
    def visible_to(self, user: User) -> EmergencyLookQuerySet:
        """The plant's people see those of the requests that they see; a vendor's see none."""
        from requests.models.access_request import AccessRequest

        if user.vendor_id is not None:
            return self.none()
        return self.filter(access_request__in=AccessRequest.objects.visible_to(user))

    def owed_by(self, user: User) -> EmergencyLookQuerySet:
        """Open ones that `user` may do: asked in ordinary times, or IT security of the site;
        never who let somebody in, nor who opened the request."""
        from accessportal.accounts.authorisation import Action, at_sites_where
        from requests.approvers import skipped_steps_for

        skipped = SkippedStep.objects.filter(
            skipped_steps_for(user), look=models.OuterRef("pk")
        )
        return (
            self.to_look_at()
            .filter(
                at_sites_where(user, Action.EMERGENCY_LOOK, "access_request__site")
                | models.Exists(skipped)
            )
            .exclude(access_request__decisions__decided_by=user)
            .exclude(access_request__emergency_by=user)
        )


class EmergencyLook(LaterLook):
    """The second look at who was let in, and why; owed from the moment of the approval."""

    access_request = models.OneToOneField(
        "access_requests.AccessRequest",
        on_delete=models.PROTECT,
        related_name="emergency_look",
    )
    look_due_at = models.DateTimeField()

    objects = EmergencyLookQuerySet.as_manager()

    class Meta:
        ordering = ["look_due_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    looked_at__isnull=True, looked_by__isnull=True, verdict="", note=""
                )
                | (
                    models.Q(looked_at__isnull=False, looked_by__isnull=False)
                    & ~models.Q(verdict="")
                    & ~models.Q(note="")
                ),
                name="emergency_look_is_done_with_all_it_says",
            ),
        ]
        indexes = [
            models.Index(
                fields=["looked_at", "look_due_at"], name="emergency_look_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}: {self.get_verdict_display() or _('open')}"

    @property
    def reason(self) -> str:
        """Why somebody was let in."""
        return self.access_request.emergency_reason


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
