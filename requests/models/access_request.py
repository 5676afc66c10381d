"""Who asks for which endpoints, what for, when, and with which permissions."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from requests.match_words import new_match_key

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    def awaiting_decision(self, *, at: datetime | None = None) -> AccessRequestQuerySet:
        """Pending, and there is still time to decide."""
        return self.filter(
            ~_decided_too_late(at or timezone.now()), state=AccessRequest.State.PENDING
        )

    def overdue(self, *, at: datetime | None = None) -> AccessRequestQuerySet:
        """Pending although their start has passed: to be expired."""
        return self.filter(
            _decided_too_late(at or timezone.now()), state=AccessRequest.State.PENDING
        )

    def in_phase(
        self, phase: str, *, at: datetime | None = None
    ) -> AccessRequestQuerySet:
        """Those of which `AccessRequest.phase` says so at a moment (default: now)."""
        then = _phase_in_database(at or timezone.now())
        return self.annotate(phase_then=then).filter(phase_then=phase)

    def emergencies(self) -> AccessRequestQuerySet:
        return self.filter(emergency_at__isnull=False)

    def asked_for(self) -> AccessRequestQuerySet:
        """As people asked: without the later times of what repeats."""
        return self.filter(series__isnull=True)

    def asking(self, user: User) -> AccessRequestQuerySet:
        """Those that need a yes which `user` could give now, and has not given."""
        from requests.models.approval import ApprovalDecision
        from requests.models.policy import ApprovalStep

        asked = ApprovalStep.objects.filter(
            access_request=models.OuterRef("pk"), asked=True
        ).of_people(user)
        given = ApprovalDecision.objects.filter(
            access_request=models.OuterRef("pk"),
            round=models.OuterRef("round"),
            decided_by=user,
        )
        return self.filter(models.Exists(asked), ~models.Exists(given))

    def visible_to(self, user: User) -> AccessRequestQuerySet:
        """A vendor's people see their company's; the plant's people see their sites', and
        those that their group is asked about, or was passed over in."""
        from accessportal.accounts.authorisation import Action, at_sites_where
        from requests.approvers import (
            groups_of,
            skipped_steps_for_groups,
            steps_for_groups,
        )
        from requests.models.emergency import SkippedStep
        from requests.models.policy import ApprovalStep

        if user.vendor_id is not None:
            return self.filter(vendor_id=user.vendor_id)
        seen = at_sites_where(user, Action.REQUEST_SEE, "site")
        if groups_of(user):
            asked = ApprovalStep.objects.filter(
                steps_for_groups(user), access_request=models.OuterRef("pk")
            )
            skipped = SkippedStep.objects.filter(
                skipped_steps_for_groups(user),
                look__access_request=models.OuterRef("pk"),
            )
            seen |= models.Exists(asked) | models.Exists(skipped)
        return self.filter(seen)


def _decided_too_late(at: datetime) -> models.Q:
    """An ordinary start has passed; or the time for which somebody was to be let in at once."""
    return models.Q(emergency_at__isnull=True, wanted_from__lte=at) | models.Q(
        emergency_at__isnull=False, wanted_until__lte=at
    )


def _phase_in_database(at: datetime) -> models.Case:
    """What `AccessRequest.phase` says, line by line."""
    from requests.models.window import MaintenanceWindow

    phase = AccessRequest.Phase
    later = MaintenanceWindow.objects.filter(
        access_request__series=models.OuterRef("pk")
    )
    when = models.When
    return models.Case(
        when(~models.Q(state=AccessRequest.State.APPROVED), then=models.F("state")),
        when(window__isnull=True, then=models.F("state")),
        when(
            window__closes_at__gt=at,
            window__revoked_at__isnull=True,
            then=models.Value(phase.APPROVED),
        ),
        when(
            window__closes_at__gt=at,
            window__revoke_cause__gt="",
            then=models.Value(phase.TO_CONFIRM),
        ),
        when(
            models.Exists(later.not_over(at=at)),
            then=models.Value(phase.APPROVED),
        ),
        when(
            models.Exists(later.fallen(at=at)),
            then=models.Value(phase.TO_CONFIRM),
        ),
        when(window__revoked_at__isnull=True, then=models.Value(phase.OVER)),
        when(
            window__revoked_by=models.F("requested_by"),
            then=models.Value(phase.GIVEN_BACK),
        ),
        default=models.Value(phase.REVOKED),
        output_field=models.CharField(),
    )


class AccessRequest(models.Model):
    class State(models.TextChoices):
        PENDING = "pending", _("Waiting for a decision")
        APPROVED = "approved", _("Approved")
        DENIED = "denied", _("Denied")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")

    class Phase(models.TextChoices):
        """What became of it: what was decided, or what its window came to; see `phase`."""

        PENDING = "pending", _("Waiting for a decision")
        APPROVED = "approved", _("Approved")
        TO_CONFIRM = "to_confirm", _("To be confirmed again")
        OVER = "over", _("Over")
        GIVEN_BACK = "given_back", _("Given back")
        REVOKED = "revoked", _("Revoked")
        DENIED = "denied", _("Denied")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")

    FINAL = frozenset({State.APPROVED, State.DENIED, State.WITHDRAWN, State.EXPIRED})

    class Permission(models.TextChoices):
        VIEW = "view", _("View only")
        CONTROL = "control", _("Control")

    number = models.CharField(max_length=20, unique=True)  # REQ-2026-0042
    site = models.ForeignKey("plants.Site", on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="access_requests"
    )
    vendor = models.ForeignKey(
        "accounts.Vendor", on_delete=models.PROTECT, related_name="+"
    )
    endpoints = models.ManyToManyField(
        "plants.Endpoint", through="access_requests.RequestedEndpoint", related_name="+"
    )
    # Named people of the same vendor who may take part beside the one who asks.
    companions = models.ManyToManyField(
        "accounts.User", through="access_requests.RequestedPerson", related_name="+"
    )
    permission = models.CharField(max_length=10, choices=Permission.choices)
    clipboard_in = models.BooleanField(_("paste into the machine"), default=False)
    clipboard_out = models.BooleanField(_("copy from the machine"), default=False)
    purpose = models.TextField(_("purpose"), max_length=2000)
    work_order = models.CharField(_("work order"), max_length=60, blank=True)
    wanted_from = models.DateTimeField(_("from"))
    wanted_until = models.DateTimeField(_("until"))
    # *On release*: so long from the moment at which the shift gives the line, within the
    # time asked for; and how much longer that may wait. None: the clock alone opens it.
    on_release_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    tolerance_minutes = models.PositiveSmallIntegerField(default=0)
    # Work that repeats: the rule (RFC 5545, in plant time), and in each later time that an
    # approval made, the request it was asked for by.
    recurrence = models.CharField(max_length=120, blank=True)
    series = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(
        max_length=12, choices=State.choices, default=State.PENDING
    )
    submitted_at = models.DateTimeField(default=timezone.now)
    # One per rendered form: a double submit finds the first one's request.
    submission_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    close_reason = models.CharField(max_length=2000, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    # The policy in force when it was sent (none: one OT supervisor), what its rules came to
    # then, as JSON (`requests.policy.reading`), and how often that began anew.
    policy = models.ForeignKey(
        "access_requests.ApprovalPolicy",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    demands = models.JSONField(default=dict)
    round = models.PositiveSmallIntegerField(default=1)
    attendance_required = models.BooleanField(default=False)
    # The two words by which a caller is known (`requests.match_words`) come from this.
    match_key = models.CharField(max_length=16, default=new_match_key, editable=False)
    # The line is down: who opened this for `requested_by` (themselves, or the plant), and why
    # it cannot wait. Its times are from the moment of asking; the window opens at the yes.
    emergency_at = models.DateTimeField(null=True, blank=True)
    emergency_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    emergency_reason = models.CharField(max_length=2000, blank=True)

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-submitted_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(wanted_until__gt=models.F("wanted_from")),
                name="access_request_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(state="pending", closed_at__isnull=True)
                | (~models.Q(state="pending") & models.Q(closed_at__isnull=False)),
                name="access_request_closed_when_final",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    emergency_at__isnull=True,
                    emergency_by__isnull=True,
                    emergency_reason="",
                )
                | (
                    models.Q(emergency_at__isnull=False, emergency_by__isnull=False)
                    & ~models.Q(emergency_reason="")
                ),
                name="emergency_has_a_person_and_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["site", "state", "wanted_from"], name="access_request_queue"
            ),
            models.Index(
                fields=["vendor", "-submitted_at"], name="access_request_vendor"
            ),
            # The plant's people see several sites: their lists walk these in order.
            models.Index(fields=["-submitted_at"], name="access_request_submitted"),
            models.Index(fields=["wanted_from"], name="access_request_wanted"),
            models.Index(
                fields=["emergency_at"],
                name="access_request_emergency",
                condition=models.Q(emergency_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def phase(self, *, at: datetime | None = None) -> Phase:
        """What became of it at a moment (default: now).

        Approved stays what has a time that is still to come, or that runs: of work that
        repeats, any of its times. A window that somebody took back is told from one that
        its contractor gave back, and from one that ran out.
        """
        approved = self.state == self.State.APPROVED
        window = getattr(self, "window", None) if approved else None  # else no query
        if window is None:
            return self.Phase(self.state)
        at = at or timezone.now()
        if window.closes_at > at and (not window.revoked_at or window.revoke_cause):
            fallen = window.revoked_at is not None
            return self.Phase.TO_CONFIRM if fallen else self.Phase.APPROVED
        if self.recurrence and (later := self._phase_of_later_times(at)):
            return later
        if window.revoked_at is None:
            return self.Phase.OVER
        return self.Phase.GIVEN_BACK if window.was_given_back else self.Phase.REVOKED

    def _phase_of_later_times(self, at: datetime) -> Phase | None:
        """Of work that repeats, when the first time is past; None: so are the others."""
        from requests.models.window import MaintenanceWindow

        later = MaintenanceWindow.objects.filter(access_request__series=self)
        if later.not_over(at=at).exists():
            return self.Phase.APPROVED
        return self.Phase.TO_CONFIRM if later.fallen(at=at).exists() else None

    def is_overdue(self, *, at: datetime | None = None) -> bool:
        return self.state == self.State.PENDING and self.decide_by <= (
            at or timezone.now()
        )

    @property
    def decide_by(self) -> datetime:
        """Undecided, it expires then."""
        return self.wanted_until if self.emergency_at else self.wanted_from


class RequestedEndpoint(models.Model):
    access_request = models.ForeignKey(AccessRequest, on_delete=models.CASCADE)
    endpoint = models.ForeignKey("plants.Endpoint", on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["access_request", "endpoint"], name="endpoint_once_per_request"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}: {self.endpoint}"


class RequestedPerson(models.Model):
    """A companion: has an own factor, and works only while holding the baton."""

    access_request = models.ForeignKey(AccessRequest, on_delete=models.CASCADE)
    user = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["access_request", "user"], name="person_once_per_request"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}: {self.user}"
