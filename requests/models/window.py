"""The bound in time that an approval creates. Open or closed is derived, never stored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class MaintenanceWindowQuerySet(models.QuerySet["MaintenanceWindow"]):
    def open(self, *, at: datetime | None = None) -> MaintenanceWindowQuerySet:
        at = at or timezone.now()
        return self.filter(
            opens_at__lte=at, closes_at__gt=at, revoked_at__isnull=True
        ).exclude(on_release_seconds__isnull=False, released_at__isnull=True)

    def not_over(self, *, at: datetime | None = None) -> MaintenanceWindowQuerySet:
        """Open or still to come."""
        return self.filter(closes_at__gt=at or timezone.now(), revoked_at__isnull=True)

    def overlapping(self, start: datetime, end: datetime) -> MaintenanceWindowQuerySet:
        return self.filter(
            opens_at__lt=end, closes_at__gt=start, revoked_at__isnull=True
        )

    def fallen(self, *, at: datetime | None = None) -> MaintenanceWindowQuerySet:
        """Revoked with a site, a vendor or an address, and still to come: to be confirmed again."""
        return self.filter(
            revoked_at__isnull=False, closes_at__gt=at or timezone.now()
        ).exclude(revoke_cause="")

    def to_reconfirm(self, user: User) -> MaintenanceWindowQuerySet:
        """Those that `user` may let stand again now: nothing they fell with is in force."""
        from accessportal.accounts.authorisation import Action, at_sites_where

        return (
            self.filter(
                at_sites_where(user, Action.REQUEST_DECIDE, "access_request__site"),
                access_request__site__isolated_at__isnull=True,
                access_request__vendor__suspended_at__isnull=True,
            )
            .select_related(
                "access_request__site", "access_request__requested_by__vendor"
            )
            .prefetch_related("access_request__endpoints__asset")
            .order_by("opens_at")
        )

    def visible_to(self, user: User) -> MaintenanceWindowQuerySet:
        from accessportal.accounts.authorisation import Action, at_sites_where

        if user.vendor_id is not None:
            return self.filter(access_request__vendor_id=user.vendor_id)
        return self.filter(
            at_sites_where(user, Action.REQUEST_SEE, "access_request__site")
        )


class MaintenanceWindow(models.Model):
    class Phase(models.TextChoices):
        """What the clock says; see `phase`."""

        SCHEDULED = "scheduled", _("Scheduled")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")
        REVOKED = "revoked", _("Revoked")

    class RevokeCause(models.TextChoices):
        ISOLATION = "isolation", _("The site was isolated")
        SUSPENSION = "suspension", _("The vendor was suspended")
        ADDRESS = "address", _("A machine got another address")

    access_request = models.OneToOneField(
        "access_requests.AccessRequest", on_delete=models.PROTECT, related_name="window"
    )
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    revoke_reason = models.CharField(max_length=2000, blank=True)
    # Empty: a person revoked this very window. Else it fell with a whole site or vendor, and
    # may be confirmed again, by a new decision, once that is lifted; or with a machine's address.
    revoke_cause = models.CharField(
        max_length=12, choices=RevokeCause.choices, blank=True
    )
    reconfirmed_at = models.DateTimeField(null=True, blank=True)
    reconfirmed_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    # On release: it waits within its times until the shift gives the line; then its times
    # are those of the work. How much longer it waits than was said at first.
    on_release_seconds = models.PositiveIntegerField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    postponed_minutes = models.PositiveSmallIntegerField(default=0)
    # The plant wants it back sooner; when the contractor had read that.
    recalled_at = models.DateTimeField(null=True, blank=True)
    recalled_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    recall_reason = models.CharField(max_length=500, blank=True)
    recall_seen_at = models.DateTimeField(null=True, blank=True)
    # A last day of the person or the company was moved to before its end (decision 42).
    shortened_at = models.DateTimeField(null=True, blank=True)
    shortened_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    shortened_from = models.DateTimeField(null=True, blank=True)

    objects = MaintenanceWindowQuerySet.as_manager()

    class Meta:
        ordering = ["opens_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closes_at__gt=models.F("opens_at")),
                name="window_closes_after_it_opens",
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True)
                | ~models.Q(revoke_reason=""),
                name="revocation_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["closes_at"], name="window_closes_at"),
            models.Index(fields=["opens_at"], name="window_opens_at"),
        ]

    def __str__(self) -> str:
        return f"{self.access_request} {self.opens_at:%Y-%m-%d %H:%M}Z"

    def phase(self, *, at: datetime | None = None) -> Phase:
        """Scheduled, open, closed or revoked at a moment (default: now)."""
        at = at or timezone.now()
        if self.revoked_at is not None and self.revoked_at <= at:
            return self.Phase.REVOKED
        if at >= self.closes_at:
            return self.Phase.CLOSED
        if at < self.opens_at or self.waits_for_release:
            return self.Phase.SCHEDULED
        return self.Phase.OPEN

    @property
    def has_fallen(self) -> bool:
        """Revoked with something else, and it may still be confirmed again; see `fallen`."""
        in_time = self.closes_at > timezone.now()
        return bool(self.revoked_at and self.revoke_cause) and in_time

    @property
    def was_given_back(self) -> bool:
        """Revoked by who asked for it, and not by the plant."""
        asked_by = self.access_request.requested_by_id
        return self.revoked_at is not None and self.revoked_by_id == asked_by

    @property
    def is_shortened(self) -> bool:
        """It closes by a last day that was moved, earlier than it was to close."""
        before = self.shortened_from
        return before is not None and self.closes_at < before

    @property
    def waits_for_release(self) -> bool:
        """On release, and the shift has not given the line."""
        return self.on_release_seconds is not None and self.released_at is None

    @property
    def duration(self) -> timedelta:
        return self.closes_at - self.opens_at


class ExtensionRequestQuerySet(models.QuerySet["ExtensionRequest"]):
    def awaiting_decision(
        self, *, at: datetime | None = None
    ) -> ExtensionRequestQuerySet:
        """Asked for in a window that is still open; where several have to agree, they are asked
        by the wish that is open for it (`LaterWish`)."""
        at = at or timezone.now()
        return self.filter(
            state=ExtensionRequest.State.PENDING,
            window__closes_at__gt=at,
            window__revoked_at__isnull=True,
        ).exclude(window__later_wishes__state="pending")

    def for_supervisor(self, user: User) -> ExtensionRequestQuerySet:
        """Those at the sites where `user` decides."""
        from accessportal.accounts.authorisation import Action, at_sites_where

        return self.filter(
            at_sites_where(user, Action.REQUEST_DECIDE, "window__access_request__site")
        )


class ExtensionRequest(models.Model):
    """A contractor in a live session asks for more time; granting is a new decision."""

    class State(models.TextChoices):
        PENDING = "pending", _("Asked for")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")

    window = models.ForeignKey(
        MaintenanceWindow, on_delete=models.CASCADE, related_name="extension_requests"
    )
    minutes = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=500)
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.PENDING
    )
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

    objects = ExtensionRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["window"],
                condition=models.Q(state="pending"),
                name="one_open_extension_request_per_window",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True)
                | ~models.Q(decided_by=models.F("asked_by")),
                name="extension_decider_is_not_asker",
            ),
            models.CheckConstraint(
                condition=models.Q(minutes__gte=5, minutes__lte=240),
                name="extension_between_5_and_240_minutes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.window} +{self.minutes} min"
