"""One person signed in in one browser, from the sign-in to its end."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def new_key() -> str:
    return uuid.uuid4().hex


class WebSessionQuerySet(models.QuerySet["WebSession"]):
    def alive(self, *, at: datetime | None = None) -> WebSessionQuerySet:
        """Not ended by anybody, and within both limits."""
        at = at or timezone.now()
        return self.filter(ended_at__isnull=True, idle_at__gt=at, expires_at__gt=at)

    def open(self) -> WebSessionQuerySet:
        """Not ended; the clock may have been at it already."""
        return self.filter(ended_at__isnull=True)


class WebSession(models.Model):
    """Outlives the id in the browser's cookie, which is new after each step-up (SR 3.8).

    `key` never leaves the server. What has to last for as long as somebody stays signed in
    hangs on it: live sessions on machines, tunnels, the news.
    """

    class Ended(models.TextChoices):
        SIGNED_OUT = "signed_out", _("signed out")
        REVOKED = "revoked", _("signed out from elsewhere")
        ACCESS = "access", _("access ended")
        FACTOR = "factor", _("second factor changed")
        PASSWORD = "password", _("password changed")  # noqa: S105 - the name of a cause
        ROLE = "role", _("role changed")
        IDLE = "idle", _("not used for too long")
        LIMIT = "limit", _("signed in for too long")

    BY_CLOCK = (Ended.IDLE, Ended.LIMIT)

    key = models.CharField(max_length=40, unique=True, default=new_key, editable=False)
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="web_sessions"
    )
    # SHA-256 of the id in the cookie; of the one before for as long as requests that were
    # under way at the change may still come with it.
    cookie_hash = models.CharField(max_length=64, unique=True, editable=False)
    former_hash = models.CharField(
        max_length=64, blank=True, db_index=True, editable=False
    )
    former_until = models.DateTimeField(null=True, blank=True, editable=False)
    begun_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    idle_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=80, blank=True)
    factor_kind = models.CharField(max_length=20)
    # The authenticator it hangs on (django-otp's persistent id).
    device = models.CharField(max_length=80, blank=True, editable=False)
    # A computer that several people use: shorter limits.
    shared = models.BooleanField(default=False)
    # The number of the one request that it is for, of somebody who is escorted: opened
    # without a second factor, and for nothing else (`accounts.escorted`).
    bound_to = models.CharField(max_length=20, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    ended_reason = models.CharField(max_length=12, choices=Ended.choices, blank=True)

    objects = WebSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at"]
        indexes = [models.Index(fields=["user", "ended_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_reason="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_reason="")),
                name="web_session_ended_for_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("begun_at")),
                name="web_session_expires_after_begun",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.browser}"

    def is_alive_at(self, at: datetime) -> bool:
        return self.ended_at is None and self.idle_at > at and self.expires_at > at
