"""The approval policy in its versions, the named groups it asks, and the steps of a request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import User
from accessportal.accounts.models.borrowed import Borrowed, BorrowedQuerySet


class ApprovalPolicy(models.Model):
    """One version of the whole rule set. The highest is in force; none is ever changed.

    rules, wishes: JSON as `requests.policy.reading` and `requests.policy.trials` read it.
    """

    version = models.PositiveIntegerField(unique=True)
    rules = models.JSONField(default=list)
    wishes = models.JSONField(default=list)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="policy_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return _("Version %(version)s") % {"version": self.version}

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only ever a new row: requests refer to what was in force when they were made."""
        super().save(*args, **{**kwargs, "force_insert": True})


class ApproverGroup(models.Model):
    """People of the plant whom the policy may ask by the group's name."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    people = models.ManyToManyField(
        "accounts.User",
        through="access_requests.ApproverGroupMember",
        related_name="approver_groups",
        through_fields=("group", "person"),
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def who(self) -> str:
        """As steps name it."""
        return f"group:{self.pk}"


class ApproverGroupMember(models.Model):
    """One person's place in a group, while it lasts; the trail keeps what was."""

    group = models.ForeignKey(
        ApproverGroup, on_delete=models.CASCADE, related_name="members"
    )
    person = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["person__full_name"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "person"], name="person_once_per_approver_group"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.person}"


class GroupDelegationQuerySet(BorrowedQuerySet["GroupDelegation"]):
    def in_force(self, *, at: datetime | None = None) -> GroupDelegationQuerySet:
        """Begun, not over, of somebody active who is one of the group themselves: so a place
        that was lent is never lent on."""
        own = ApproverGroupMember.objects.filter(
            group=models.OuterRef("group"), person=models.OuterRef("delegator")
        )
        return self.running(at=at).filter(
            models.Exists(own), delegator__in=User.objects.active(at=at)
        )


class GroupDelegation(Borrowed):
    """One of a group lends their place in it to a colleague, for a time."""

    group = models.ForeignKey(
        ApproverGroup, on_delete=models.CASCADE, related_name="delegations"
    )
    delegator = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    delegate = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )

    objects = GroupDelegationQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(delegator=models.F("delegate")),
                name="group_delegation_never_to_oneself",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="group_delegation_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="group_delegation_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(
                fields=["delegate", "ends_at"], name="group_delegation_of_delegate"
            )
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.delegator} → {self.delegate}"

    @property
    def what(self) -> str:
        return self.group.name


class ApprovalStepQuerySet(models.QuerySet["ApprovalStep"]):
    def of_people(self, user: User) -> ApprovalStepQuerySet:
        """Those of whose people `user` is one, as somebody of a role, a group, or a deputy
        who has been called."""
        from requests.approvers import steps_for

        return self.filter(steps_for(user))


class AskedPeople(models.Model):
    """Who has to agree to one thing: `quorum` people of `who`, all of `order` in parallel.

    `asked`: one more person of it would help now; kept up by every act that changes it.
    """

    who = models.CharField(max_length=40)
    name = models.CharField(max_length=80, blank=True)
    quorum = models.PositiveSmallIntegerField(default=1)
    order = models.PositiveSmallIntegerField(default=1)
    deputy = models.CharField(max_length=40, blank=True)
    after_minutes = models.PositiveSmallIntegerField(default=0)
    asked = models.BooleanField(default=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    # The deputy was called, because nobody had answered for `after_minutes`.
    escalated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class ApprovalStep(AskedPeople):
    """One step of a request."""

    access_request = models.ForeignKey(
        "access_requests.AccessRequest", on_delete=models.CASCADE, related_name="steps"
    )

    objects = ApprovalStepQuerySet.as_manager()

    class Meta:
        ordering = ["order", "who"]
        constraints = [
            models.UniqueConstraint(
                fields=["access_request", "who"], name="one_step_per_kind_of_people"
            ),
            models.CheckConstraint(
                condition=models.Q(quorum__gte=1), name="step_has_a_place"
            ),
        ]
        indexes = [
            models.Index(fields=["who", "asked"], name="approval_step_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}: {self.who} x {self.quorum}"


class PolicyDraft(models.Model):
    """The one draft of the next version, shared by the administrators; row 1, or none.

    based_on: the version it was begun from; 0 for none.
    """

    rules = models.JSONField(default=list)
    wishes = models.JSONField(default=list)
    based_on = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_policy_draft"),
        ]

    def __str__(self) -> str:
        return f"{self.based_on} + 1"
