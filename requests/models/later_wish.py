"""A window that is to be wider than was agreed to, where several people have to agree to that."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import User
from requests.models.policy import AskedPeople


class LaterWishQuerySet(models.QuerySet["LaterWish"]):
    def live(self, *, at: datetime | None = None) -> LaterWishQuerySet:
        """Undecided, and still possible by the clock: it dies with its window."""
        at = at or timezone.now()
        standing = models.Q(window__revoked_at__isnull=True)
        return self.filter(
            models.Q(kind=LaterWish.Kind.AGAIN, window__revoked_at__isnull=False)
            | models.Q(kind__in=LaterWish.LONGER) & standing
            | models.Q(kind=LaterWish.Kind.EARLIER, window__opens_at__gt=at) & standing,
            state=LaterWish.State.PENDING,
            window__closes_at__gt=at,
        )

    def asking(self, user: User) -> LaterWishQuerySet:
        """Those that need a yes which `user` could give now, and has not given."""
        from requests.approvers import steps_for

        mine = LaterStep.objects.filter(
            steps_for(user, site="wish__window__access_request__site"), asked=True
        )
        return (
            self.filter(pk__in=mine.values("wish"))
            .exclude(yeses__decided_by=user)
            .exclude(window__access_request__requested_by=user)
            .exclude(window__access_request__emergency_by=user)
        )


class LaterWish(models.Model):
    """What exactly is to be agreed to. Its yeses are rows of `ApprovalDecision`; one no ends it.

    demands: what the kept policy demands of it, as JSON (`requests.policy.reading`).
    """

    class Kind(models.TextChoices):
        MORE_TIME = "more_time", _("More time, asked for by the contractor")
        LATER = "later", _("The window is to close later")
        EARLIER = "earlier", _("The window is to open at once")
        AGAIN = "again", _("The revoked window is to stand again")

    LONGER = (Kind.MORE_TIME, Kind.LATER)

    class State(models.TextChoices):
        PENDING = "pending", _("Waits for others")
        AGREED = "agreed", _("Agreed to")
        REFUSED = "refused", _("Refused")
        OUTDATED = "outdated", _("Outdated")

    window = models.ForeignKey(
        "access_requests.MaintenanceWindow",
        on_delete=models.CASCADE,
        related_name="later_wishes",
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # How much longer; None: not longer at all.
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    # The contractor's own wish, where there is one.
    extension = models.ForeignKey(
        "access_requests.ExtensionRequest",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.CharField(max_length=2000, blank=True)
    demands = models.JSONField()
    opened_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.PENDING
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    close_reason = models.CharField(max_length=2000, blank=True)

    objects = LaterWishQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["window"],
                condition=models.Q(state="pending"),
                name="one_open_later_wish_per_window",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=["more_time", "later"], minutes__isnull=False
                )
                | models.Q(kind__in=["earlier", "again"], minutes__isnull=True),
                name="later_wish_says_how_much_longer",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="refused", close_reason=""),
                name="later_refusal_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.window}: {self.get_kind_display()}"


class LaterStep(AskedPeople):
    """One step of a later wish: as those of a request, with a deputy who is called."""

    wish = models.ForeignKey(LaterWish, on_delete=models.CASCADE, related_name="steps")

    class Meta:
        ordering = ["order", "who"]
        constraints = [
            models.UniqueConstraint(
                fields=["wish", "who"], name="one_later_step_per_kind_of_people"
            ),
            models.CheckConstraint(
                condition=models.Q(quorum__gte=1), name="later_step_has_a_place"
            ),
        ]
        indexes = [
            models.Index(fields=["who", "asked"], name="later_step_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.wish}: {self.who} x {self.quorum}"
