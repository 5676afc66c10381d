"""A screen of the control room: a device of a place, not of a person."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class StationQuerySet(models.QuerySet["Station"]):
    def in_force(self) -> StationQuerySet:
        """Taken into use by its device, and not revoked."""
        return self.filter(revoked_at__isnull=True, token_hash__isnull=False)


class Station(models.Model):
    """Enrolled by an administrator with a code that its device types once; from then on the
    device has a credential of its own, of which only the SHA-256 is here. It sees, freezes and
    ends what is at its site, and does nothing else: it is nobody, and signs in nowhere."""

    site = models.ForeignKey(
        "plants.Site", on_delete=models.PROTECT, related_name="stations"
    )
    place = models.CharField(_("place"), max_length=80)
    code_hash = models.CharField(  # noqa: DJ001 - unique where there is one
        max_length=64, null=True, unique=True, editable=False
    )
    code_expires_at = models.DateTimeField(editable=False)
    token_hash = models.CharField(  # noqa: DJ001 - unique where there is one
        max_length=64, null=True, unique=True, editable=False
    )
    # What the device claims to be: a credential that comes from another kind is not taken.
    browser = models.CharField(max_length=80, blank=True)
    enrolled_at = models.DateTimeField(default=timezone.now)
    enrolled_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    joined_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    address = models.CharField(max_length=45, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = StationQuerySet.as_manager()

    class Meta:
        ordering = ["place", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | models.Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="station_revoked_by_somebody",
            ),
            models.CheckConstraint(
                condition=models.Q(joined_at__isnull=True, token_hash__isnull=True)
                | models.Q(joined_at__isnull=False, token_hash__isnull=False),
                name="station_joined_with_a_token",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place}, {self.site}"

    def phase(self, *, at: datetime | None = None) -> str:
        """revoked, in_use, waiting (for its code) or lapsed."""
        if self.revoked_at is not None:
            return "revoked"
        if self.token_hash is not None:
            return "in_use"
        return "waiting" if self.code_expires_at > (at or timezone.now()) else "lapsed"


class StationAct(models.Model):
    """What was done at a station; who did it is said afterwards, by whoever stands there."""

    class What(models.TextChoices):
        FREEZE = "freeze", _("frozen")
        END = "end", _("ended")

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="acts")
    brokered_session = models.ForeignKey(
        "brokered_sessions.BrokeredSession",
        on_delete=models.PROTECT,
        related_name="station_acts",
    )
    what = models.CharField(max_length=8, choices=What.choices)
    done_at = models.DateTimeField(default=timezone.now)
    # Their word, not proven by a factor.
    named = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    named_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-done_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(named__isnull=True, named_at__isnull=True)
                | models.Q(named__isnull=False, named_at__isnull=False),
                name="station_act_named_at_some_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brokered_session}: {self.what}"


class StationCall(models.Model):
    """A request that rang at a station: when its screen first showed it, and when somebody
    there opened it."""

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="calls")
    access_request = models.ForeignKey(
        "access_requests.AccessRequest",
        on_delete=models.PROTECT,
        related_name="station_calls",
    )
    rang_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rang_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["station", "access_request"], name="station_call_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access_request} at {self.station}"
