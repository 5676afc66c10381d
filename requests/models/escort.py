"""An escort: the plant lets one person in to one window over a factor or a training that lapsed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from requests.models.later_look import LaterLook, LaterLookQuerySet

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class EscortQuerySet(LaterLookQuerySet["Escort"]):
    def waiting(self) -> EscortQuerySet:
        """The code was neither used nor voided; the clock may have been at it."""
        return self.filter(used_at__isnull=True, voided_at__isnull=True)

    def usable(self, *, at: datetime | None = None) -> EscortQuerySet:
        return self.waiting().filter(
            expires_at__gt=at or timezone.now(), attempts__lt=Escort.MAX_ATTEMPTS
        )

    def visible_to(self, user: User) -> EscortQuerySet:
        """The plant's people see those of the requests that they see; a vendor's see none."""
        from requests.models.access_request import AccessRequest

        if user.vendor_id is not None:
            return self.none()
        return self.filter(access_request__in=AccessRequest.objects.visible_to(user))

    def owed_by(self, user: User) -> EscortQuerySet:
        """Those that `user` may look at: IT security of the site, never who escorted, nor who
        agreed to the work or opened it."""
        from accessportal.accounts.authorisation import Action, at_sites_where

        return (
            self.to_look_at()
            .filter(at_sites_where(user, Action.EMERGENCY_LOOK, "access_request__site"))
            .exclude(offered_by=user)
            .exclude(access_request__emergency_by=user)
            .exclude(access_request__decisions__decided_by=user)
        )


class Escort(LaterLook):
    """One call-back and its code, for one person and one request (decision 89).

    It bridges what lapsed and changes none of it. Only the keyed hash of the code is stored;
    it is good once, for minutes, and for at most five tries. A look is owed from the moment
    at which somebody was let in by it.
    """

    MAX_ATTEMPTS = 5

    class Bridges(models.TextChoices):
        FACTOR = "factor", _("the second factor")
        TRAINING = "training", _("the safety training")
        BOTH = "both", _("the second factor and the safety training")

    class Voided(models.TextChoices):
        GUESSED = "guessed", _("guessed at too often")
        REPLACED = "replaced", _("replaced by a newer code")

    access_request = models.ForeignKey(
        "access_requests.AccessRequest",
        on_delete=models.PROTECT,
        related_name="escorts",
    )
    person = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    bridges = models.CharField(max_length=10, choices=Bridges.choices)
    reason = models.CharField(max_length=500)
    offered_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    offered_at = models.DateTimeField(default=timezone.now)
    # As it was on record when it was called.
    called_number = models.CharField(max_length=40)
    code_hash = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    # The web session in which it was used: it counts in no other.
    web_session_ref = models.CharField(max_length=32, blank=True, editable=False)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_cause = models.CharField(max_length=10, choices=Voided.choices, blank=True)

    objects = EscortQuerySet.as_manager()

    class Meta:
        ordering = ["-offered_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(used_at__isnull=True, voided_at__isnull=True),
                name="one_waiting_escort_for_each_person",
            ),
            models.CheckConstraint(
                condition=~Q(offered_by=F("person")), name="nobody_escorts_themselves"
            ),
            models.CheckConstraint(
                condition=Q(looked_by__isnull=True) | ~Q(looked_by=F("offered_by")),
                name="escort_is_looked_at_by_somebody_else",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("offered_at")),
                name="escort_expires_after_it_is_offered",
            ),
            models.CheckConstraint(
                condition=Q(attempts__lte=5), name="escort_has_five_tries"
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True, look_due_at__isnull=True)
                | (
                    Q(used_at__isnull=False, look_due_at__isnull=False)
                    & Q(voided_at__isnull=True)
                    & ~Q(web_session_ref="")
                ),
                name="escort_that_is_used_owes_a_look",
            ),
            models.CheckConstraint(
                condition=Q(
                    looked_at__isnull=True, looked_by__isnull=True, verdict="", note=""
                )
                | (
                    Q(
                        used_at__isnull=False,
                        looked_at__isnull=False,
                        looked_by__isnull=False,
                    )
                    & ~Q(verdict="")
                    & ~Q(note="")
                ),
                name="escort_is_looked_at_with_all_it_says",
            ),
        ]
        indexes = [
            models.Index(fields=["looked_at", "look_due_at"], name="escort_look_due"),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}: {self.person}"

    @property
    def bridges_factor(self) -> bool:
        return self.bridges in (self.Bridges.FACTOR, self.Bridges.BOTH)

    @property
    def bridges_training(self) -> bool:
        return self.bridges in (self.Bridges.TRAINING, self.Bridges.BOTH)
