"""Who joined a session, the one-use tickets they came with, and what was said."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Vantage(models.TextChoices):
    """From where somebody looks into a session."""

    CONSOLE = "console", _("console")
    BOARD = "board", _("live board")


class Participant(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", _("Works on the machine")
        COMPANION = "companion", _("Takes part")
        OBSERVER = "observer", _("Watches")

    brokered_session = models.ForeignKey(
        "brokered_sessions.BrokeredSession",
        on_delete=models.CASCADE,
        related_name="participants",
    )
    user = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    vantage = models.CharField(
        max_length=10, choices=Vantage.choices, default=Vantage.CONSOLE
    )
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)
    leave_reason = models.CharField(max_length=60, blank=True)
    source_address = models.CharField(max_length=45, blank=True)
    web_session_key = models.CharField(max_length=40, blank=True, editable=False)
    # A companion's own second factor; the owner's is the session's.
    factor = models.CharField(max_length=30, blank=True)
    factor_at = models.DateTimeField(null=True, blank=True)
    # Asks for the baton since then; empty again when it moves.
    baton_asked_at = models.DateTimeField(null=True, blank=True)
    # Inputs made on an old picture: discarded, never delivered late.
    discarded_inputs = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["joined_at"]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class TunnelTicket(models.Model):
    """Lets one WebSocket in, once, within `TICKET_SECONDS`; stored hashed (SR 3.8)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_hash = models.CharField(max_length=64, unique=True)
    brokered_session = models.ForeignKey(
        "brokered_sessions.BrokeredSession",
        on_delete=models.CASCADE,
        related_name="tickets",
    )
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="+"
    )
    role = models.CharField(max_length=10, choices=Participant.Role.choices)
    vantage = models.CharField(
        max_length=10, choices=Vantage.choices, default=Vantage.CONSOLE
    )
    web_session_key = models.CharField(max_length=40)
    source_address = models.CharField(max_length=45, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.brokered_session} {self.user}"


class ConsoleMessage(models.Model):
    """A line between the contractor and the plant during a session; part of the evidence."""

    brokered_session = models.ForeignKey(
        "brokered_sessions.BrokeredSession",
        on_delete=models.CASCADE,
        related_name="messages",
    )
    sent_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    sent_at = models.DateTimeField(default=timezone.now)
    text = models.CharField(max_length=500)
    # The key of a fixed phrase, which everybody reads in their own language.
    phrase = models.CharField(max_length=30, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        ordering = ["sent_at"]

    def __str__(self) -> str:
        return self.text
