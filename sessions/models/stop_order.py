"""One act that ends many sessions: a site isolated, a vendor suspended, or a drill of either."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class StopOrderQuerySet(models.QuerySet["StopOrder"]):
    def in_force(self) -> StopOrderQuerySet:
        """Isolations and suspensions that nobody has lifted yet."""
        return self.filter(lifted_at__isnull=True).exclude(kind=StopOrder.Kind.DRILL)

    def drills(self) -> StopOrderQuerySet:
        return self.filter(kind=StopOrder.Kind.DRILL)

    def open(self) -> StopOrderQuerySet:
        """Not every session of it is proven over, and it was not given up."""
        return self.filter(completed_at__isnull=True)

    def visible_to(self, user: User) -> StopOrderQuerySet:
        """Of a site: those who see its sessions. Of a vendor: those who see vendors."""
        from accessportal.accounts.authorisation import Action, at_sites_where, may

        sites = self.filter(at_sites_where(user, Action.SESSION_SEE, "site"))
        if user.vendor_id is None and may(user, Action.VENDOR_SEE):
            return sites | self.filter(vendor__isnull=False)
        return sites


class StopOrder(models.Model):
    """What was asked for, by whom and why; what became of it is read from the sessions.

    `sessions` are those that were live when it was given; `windows` those it revoked.
    When each ended and when that was proven stands in the session's own row.
    """

    class Kind(models.TextChoices):
        ISOLATION = "isolation", _("Isolation")
        SUSPENSION = "suspension", _("Suspension")
        DRILL = "drill", _("Drill")

    class Result(models.TextChoices):
        """Of a drill."""

        PASSED = "passed", _("Passed")
        FAILED = "failed", _("Failed")

    number = models.CharField(max_length=20, unique=True)  # STOP-2026-0003
    kind = models.CharField(max_length=12, choices=Kind.choices)
    site = models.ForeignKey(
        "plants.Site",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="stop_orders",
    )
    vendor = models.ForeignKey(
        "accounts.Vendor",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="stop_orders",
    )
    reason = models.CharField(max_length=500)
    requested_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(default=timezone.now)
    sessions = models.ManyToManyField(
        "brokered_sessions.BrokeredSession", related_name="stop_orders"
    )
    windows = models.ManyToManyField(
        "access_requests.MaintenanceWindow", related_name="stop_orders"
    )
    # Every session is proven over, or a drill's time is up.
    completed_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=10, choices=Result.choices, blank=True)
    # What a drill did not prove in time: [{"session": number, "missing": what}].
    shortfall = models.JSONField(default=list)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    lift_reason = models.CharField(max_length=500, blank=True)
    # Of a suspension: [{"question", "answer", "note"}], as answered before it was lifted.
    reentry = models.JSONField(default=list, blank=True)

    objects = StopOrderQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="isolation", site__isnull=False)
                & models.Q(vendor__isnull=True)
                | models.Q(kind="suspension", vendor__isnull=False)
                & models.Q(site__isnull=True)
                | models.Q(kind="drill", site__isnull=False, vendor__isnull=True)
                | models.Q(kind="drill", site__isnull=True, vendor__isnull=False),
                name="stop_order_is_of_a_site_or_a_vendor",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="stop_order_has_a_reason"
            ),
            models.CheckConstraint(
                condition=models.Q(lifted_at__isnull=True)
                | (
                    ~models.Q(kind="drill")
                    & ~models.Q(lift_reason="")
                    & models.Q(lifted_by__isnull=False)
                ),
                name="lifting_has_a_person_and_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(result="")
                | models.Q(kind="drill", completed_at__isnull=False),
                name="only_a_finished_drill_has_a_result",
            ),
            models.UniqueConstraint(
                fields=["site"],
                condition=models.Q(kind="isolation", lifted_at__isnull=True),
                name="one_isolation_of_a_site_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["vendor"],
                condition=models.Q(kind="suspension", lifted_at__isnull=True),
                name="one_suspension_of_a_vendor_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["-requested_at"], name="stop_order_requested"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def of(self) -> str:
        """The name of what is stopped."""
        return str(self.site or self.vendor)

    @property
    def in_force(self) -> bool:
        return self.kind != self.Kind.DRILL and self.lifted_at is None

    @property
    def time_zone(self) -> str:
        """Of the site; a vendor's orders are read in the reader's own."""
        return self.site.time_zone if self.site is not None else ""

    def age(self, *, at: datetime | None = None) -> float:
        """Seconds since it was given."""
        return ((at or timezone.now()) - self.requested_at).total_seconds()
