"""The code mailed to somebody whose account was parked: proof that the mailbox is still theirs."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class MailboxCodeQuerySet(models.QuerySet["MailboxCode"]):
    def usable(self, *, at: datetime | None = None) -> MailboxCodeQuerySet:
        """Not used, not replaced, not expired, and not guessed at too often."""
        return self.filter(
            used_at__isnull=True,
            replaced_at__isnull=True,
            expires_at__gt=at or timezone.now(),
            attempts__lt=MailboxCode.MAX_ATTEMPTS,
        )


class MailboxCode(models.Model):
    """Good once, for one person, one address and one web session; only its hash is stored."""

    MAX_ATTEMPTS = 5

    user = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="mailbox_codes"
    )
    address = models.EmailField(max_length=254)
    web_session_ref = models.CharField(max_length=32)
    code_hash = models.CharField(max_length=64)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)

    objects = MailboxCodeQuerySet.as_manager()

    class Meta:
        ordering = ["-sent_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("sent_at")),
                name="mailbox_code_expires_after_sent",
            ),
            models.UniqueConstraint(
                fields=["user", "web_session_ref"],
                condition=Q(used_at__isnull=True, replaced_at__isnull=True),
                name="mailbox_code_one_for_each_web_session",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.sent_at:%Y-%m-%d %H:%M}"
