"""Rights that somebody has for a time through somebody else: delegations and overrides.

Both are objects with a reason and an end by the clock; nothing has to run for them to end.
Who may make one, and what it can be about, stands in `accounts.authorisation`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self, TypeVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models.role import RoleGrant
from accessportal.accounts.models.user import User


class Borrowed(models.Model):
    """What both have: a time, a reason, and who took it back before its time."""

    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=500)
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        abstract = True

    def phase(self, *, at: datetime | None = None) -> str:
        """to_come, in_force or over, by the clock and by whoever took it back."""
        at = at or timezone.now()
        if self.ended_at is not None or self.ends_at <= at:
            return "over"
        return "to_come" if self.starts_at > at else "in_force"


B = TypeVar("B", bound=Borrowed)


class BorrowedQuerySet(models.QuerySet[B]):
    def not_over(self, *, at: datetime | None = None) -> Self:
        """The clock has not ended it, and nobody took it back."""
        return self.filter(ends_at__gt=at or timezone.now(), ended_at__isnull=True)

    def running(self, *, at: datetime | None = None) -> Self:
        at = at or timezone.now()
        return self.not_over(at=at).filter(starts_at__lte=at)


class RoleDelegationQuerySet(BorrowedQuerySet["RoleDelegation"]):
    def in_force(self, *, at: datetime | None = None) -> RoleDelegationQuerySet:
        """Running, of somebody active who still holds the role there in their own right.

        So a delegation reaches never further than the right it comes from, and is never
        passed on: one that was received is no grant.
        """
        own = RoleGrant.objects.filter(
            models.Q(site__isnull=True) | models.Q(site=models.OuterRef("site")),
            user=models.OuterRef("delegator"),
            role=models.OuterRef("role"),
        )
        return self.running(at=at).filter(
            models.Exists(own), delegator__in=User.objects.active(at=at)
        )


class RoleDelegation(Borrowed):
    """One person lends a role at a site (None: at every site) to another, for a time."""

    delegator = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="delegations_given"
    )
    delegate = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="delegations_received"
    )
    role = models.CharField(max_length=20, choices=RoleGrant.Role.choices)
    site = models.ForeignKey(
        "plants.Site",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = RoleDelegationQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(delegator=models.F("delegate")),
                name="delegation_never_to_oneself",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="delegation_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="delegation_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["delegate", "ends_at"], name="delegation_of_delegate")
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.delegator} → {self.delegate}"

    @property
    def what(self) -> str:
        return f"{self.get_role_display()}, {self.site or _('every site')}"


class PermissionOverrideQuerySet(BorrowedQuerySet["PermissionOverride"]):
    def in_force(self, *, at: datetime | None = None) -> PermissionOverrideQuerySet:
        return self.running(at=at)

    def run_out(self, *, at: datetime | None = None) -> PermissionOverrideQuerySet:
        """Ended by the clock, and nobody has noted it yet."""
        return self.filter(ends_at__lte=at or timezone.now(), ended_at__isnull=True)


class PermissionOverride(Borrowed):
    """A named person may do one thing at one site for at most an hour (SR 2.1 RE3).

    `used_count`: how many acts in the audit trail rest on it.
    """

    granted_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="overrides_granted"
    )
    granted_to = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="overrides_received"
    )
    action = models.CharField(max_length=40)
    site = models.ForeignKey("plants.Site", on_delete=models.CASCADE, related_name="+")
    used_count = models.PositiveIntegerField(default=0)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = PermissionOverrideQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(granted_by=models.F("granted_to")),
                name="override_never_self_granted",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="override_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="override_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["granted_to", "ends_at"], name="override_of_person"),
            models.Index(fields=["ends_at", "ended_at"], name="override_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.granted_to}"

    @property
    def action_words(self) -> str:
        """What it allows, as the table of permissions says it."""
        from accessportal.accounts.authorisation import Action

        return str(Action(self.action).label)
