"""One remote session in a window, as the database knows it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class BrokeredSessionQuerySet(models.QuerySet["BrokeredSession"]):
    def live(self) -> BrokeredSessionQuerySet:
        """Connecting or active."""
        return self.filter(state__in=BrokeredSession.LIVE)

    def holding_a_slot(self) -> BrokeredSessionQuerySet:
        """Live, or over but not yet proven over."""
        return self.filter(slot__isnull=False)

    def past_window(self, *, at: datetime | None = None) -> BrokeredSessionQuerySet:
        at = at or timezone.now()
        return self.live().filter(
            models.Q(window__closes_at__lte=at)
            | models.Q(window__revoked_at__isnull=False)
        )

    def visible_to(self, user: User) -> BrokeredSessionQuerySet:
        """Contractors see their own, and those of requests they are named on; the plant's
        people see their sites'."""
        from accessportal.accounts.authorisation import Action, at_sites_where
        from requests.models import RequestedPerson

        if user.vendor_id is not None:
            named = RequestedPerson.objects.filter(user=user).values("access_request")
            return self.filter(
                models.Q(started_by=user) | models.Q(window__access_request__in=named)
            )
        return self.filter(
            at_sites_where(user, Action.SESSION_SEE, "endpoint__asset__zone__site")
        )


class BrokeredSession(models.Model):
    """Only the session actor ends it, with one conditional UPDATE; others ask it to.

    `slot` numbers the places on an endpoint (0 to `max_clients` - 1). It is kept until
    the end is proven, and the database lets only one session have it.
    """

    class State(models.TextChoices):
        CONNECTING = "connecting", _("Connecting")
        ACTIVE = "active", _("Active")
        ENDED = "ended", _("Ended")
        FAILED = "failed", _("Did not connect")

    LIVE = frozenset({State.CONNECTING, State.ACTIVE})

    class EndReason(models.TextChoices):
        ENDED_BY_CONTRACTOR = "ended_by_contractor", _("Ended by the contractor")
        ENDED_BY_PLANT = "ended_by_plant", _("Ended by the plant")
        WINDOW_CLOSED = "window_closed", _("The window closed")
        WINDOW_REVOKED = "window_revoked", _("The window was revoked")
        ACCOUNT_DISABLED = "account_disabled", _("The person's access ended")
        VENDOR_SUSPENDED = "vendor_suspended", _("The vendor was suspended")
        SITE_ISOLATED = "site_isolated", _("The site was isolated")
        ASSET_LOCKED = "asset_locked", _("The machine was locked")
        SIGNED_OUT = "signed_out", _("The person signed out")
        RECORDING_FAILED = "recording_failed", _("The recording failed")
        ASSET_CLOSED = "asset_closed", _("The machine closed the connection")
        CONNECTION_LOST = "connection_lost", _("The connection to the machine was lost")
        NOT_CONNECTED = "not_connected", _("The machine could not be reached")
        INTERRUPTED = "interrupted", _("The portal was interrupted")
        HELD_TOO_LONG = "held_too_long", _("The contractor did not come back")
        DRILL = "drill", _("A drill ended it")

    class FreezeCause(models.TextChoices):
        """Why input stands still; only a person's freeze needs a person to lift it."""

        PERSON = "person", _("Frozen by the plant")
        AWAY = "away", _("The browser of whoever works is gone")
        IDLE = "idle", _("Nothing was done for a while")
        FACTOR = "factor", _("The second factor is too old")
        ADDRESS = "address", _("The contractor's network address changed")
        RECORDING = "recording", _("The recording failed")
        ATTENDANCE = "attendance", _("Nobody of the plant attends")

    class DesktopState(models.TextChoices):
        """What became of the desktop on the asset: stated only as far as it is proven."""

        UNKNOWN = "unknown", _("not known")
        LEFT_RUNNING = "left_running", _("left as it was")
        LOCK_SENT = "lock_sent", _("told to lock; not proven")
        LOCKED = "locked", _("locked")
        LOG_OFF_SENT = "log_off_sent", _("logging off; not proven")
        LOGGED_OFF = "logged_off", _("logged off")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=20, unique=True)  # SES-2026-0007
    window = models.ForeignKey(
        "access_requests.MaintenanceWindow",
        on_delete=models.PROTECT,
        related_name="sessions",
    )
    endpoint = models.ForeignKey(
        "plants.Endpoint", on_delete=models.PROTECT, related_name="sessions"
    )
    started_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="brokered_sessions"
    )
    permission = models.CharField(max_length=10)
    # The screen of the contractor's console, in pixels, as it was asked for.
    screen_width = models.PositiveSmallIntegerField(default=1280)
    screen_height = models.PositiveSmallIntegerField(default=800)
    state = models.CharField(
        max_length=12, choices=State.choices, default=State.CONNECTING
    )
    slot = models.PositiveSmallIntegerField(null=True, blank=True)

    requested_at = models.DateTimeField(default=timezone.now)
    active_at = models.DateTimeField(null=True, blank=True)
    source_address = models.CharField(max_length=45, blank=True)
    web_session_key = models.CharField(max_length=40, blank=True, editable=False)
    factor = models.CharField(max_length=30, blank=True)
    factor_at = models.DateTimeField(null=True, blank=True)
    policy_facts = models.JSONField(default=dict)
    notice_version = models.CharField(max_length=20, blank=True)

    broker = models.CharField(max_length=60, blank=True)
    guacd_address = models.CharField(max_length=120, blank=True)
    guacd_connection_id = models.CharField(max_length=80, blank=True)
    # The broker that holds the lease is the only one that may send anything upstream.
    # `lease_epoch` counts the holders: a renewal under an old one changes no row.
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    lease_epoch = models.PositiveIntegerField(default=0)
    # The broker that stays joined so that it can adopt the session.
    anchor_broker = models.CharField(max_length=60, blank=True)
    anchored_at = models.DateTimeField(null=True, blank=True)
    # A broker that is being stopped asks the anchor's to take over now.
    handover_requested_at = models.DateTimeField(null=True, blank=True)
    adopted_at = models.DateTimeField(null=True, blank=True)

    # Whose hands work; empty: those of the one who started it.
    baton_with = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    # Who of the plant lets a held session wait until its window ends, and since when.
    hold_kept_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    hold_kept_at = models.DateTimeField(null=True, blank=True)
    # The plant's person in charge, and to whom the charge is offered.
    person_in_charge = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    in_charge_since = models.DateTimeField(null=True, blank=True)
    charge_offered_to = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    charge_offered_at = models.DateTimeField(null=True, blank=True)
    charge_note = models.CharField(max_length=500, blank=True)
    # Somebody has to be there for this work, also where the machine does not ask for it.
    attendance_required = models.BooleanField(default=False)
    # Whom the plant escorts: their session rests on this one, and has to be attended.
    escort = models.ForeignKey(
        "access_requests.Escort",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sessions",
    )
    # Who of the plant said last to be at the machine, and when.
    attended_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    attended_at = models.DateTimeField(null=True, blank=True)

    # Recording fails: since when, until when it may come back, and who let it go on.
    recording_failed_at = models.DateTimeField(null=True, blank=True)
    # The journal of input, too: then nobody may let it go on.
    journal_failed_at = models.DateTimeField(null=True, blank=True)
    recording_grace_until = models.DateTimeField(null=True, blank=True)
    unrecorded_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    unrecorded_at = models.DateTimeField(null=True, blank=True)

    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_cause = models.CharField(
        max_length=12, choices=FreezeCause.choices, blank=True
    )
    frozen_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    frozen_reason = models.CharField(max_length=500, blank=True)

    end_requested_at = models.DateTimeField(null=True, blank=True)
    end_requested_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    end_requested_reason = models.CharField(
        max_length=30, choices=EndReason.choices, blank=True
    )
    end_note = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    end_reason = models.CharField(max_length=30, choices=EndReason.choices, blank=True)
    end_confirmed_at = models.DateTimeField(null=True, blank=True)
    end_proof = models.JSONField(default=dict)
    desktop_state = models.CharField(
        max_length=20, choices=DesktopState.choices, default=DesktopState.UNKNOWN
    )
    guacd_status = models.PositiveIntegerField(null=True, blank=True)
    # Stable key of what went wrong (`asset_unreachable`, `guacd_silent`, ...).
    failure = models.CharField(max_length=40, blank=True)
    # Keys and buttons held down, for a restarted broker to release: [[participant, kind, value]].
    held_input = models.JSONField(default=list)

    objects = BrokeredSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "slot"], name="one_session_per_slot"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["connecting", "active"],
                    ended_at__isnull=True,
                    slot__isnull=False,
                )
                | models.Q(
                    ~models.Q(end_reason=""),
                    state__in=["ended", "failed"],
                    ended_at__isnull=False,
                ),
                name="session_over_has_time_and_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(end_confirmed_at__isnull=True)
                | models.Q(ended_at__isnull=False),
                name="end_confirmed_only_after_end",
            ),
            models.CheckConstraint(
                condition=models.Q(frozen_at__isnull=True, frozen_cause="")
                | (models.Q(frozen_at__isnull=False) & ~models.Q(frozen_cause="")),
                name="session_frozen_has_a_cause",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-requested_at"], name="session_state")
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def hand_id(self) -> int:
        """Whose hands work: the owner's, unless the baton is with somebody else."""
        return self.baton_with_id or self.started_by_id

    @property
    def control_taken(self) -> bool:
        """Whether somebody of the plant works, and the vendor's people only watch."""
        return self.baton_with is not None and self.baton_with.vendor_id is None

    @property
    def hold_kept(self) -> bool:
        """Whether the plant lets this very hold last until the window ends."""
        return (
            self.hold_kept_at is not None
            and self.frozen_at is not None
            and self.hold_kept_at >= self.frozen_at
        )

    @property
    def is_ending(self) -> bool:
        """Over, but not yet proven over."""
        return not self.is_live and self.slot is not None
