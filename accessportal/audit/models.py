"""The audit trail: events, the seals that chain them, and signed heads.

An act's transaction inserts the event with its content hash. One sealer per database
chains committed rows in order, so acts do not queue behind one another
(architecture, 4). No row of the three tables can be changed or deleted: a database
trigger refuses it (IEC 62443-3-3 SR 3.9).
"""

from __future__ import annotations

import uuid
from typing import Any, NoReturn

from django.db import models
from django.utils import timezone


class AppendOnly(models.Model):
    """Refuses in Python what the trigger refuses in the database."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An audit row cannot be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("An audit row cannot be deleted.")


class AuditEvent(AppendOnly):
    """A fact that happened. Names of people and things are copied: they outlive both."""

    class Result(models.TextChoices):
        OK = "ok"
        DENIED = "denied"
        ERROR = "error"

    event_id = models.UUIDField(default=uuid.uuid4, unique=True)
    recorded_at = models.DateTimeField(default=timezone.now, db_index=True)
    event = models.CharField(max_length=60, db_index=True)
    category = models.CharField(max_length=2)
    severity = models.CharField(max_length=10, default="info")
    result = models.CharField(max_length=10, choices=Result.choices, default=Result.OK)
    # Plain ids, not foreign keys: the trail may not depend on rows that can go away.
    actor_type = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True, db_index=True)
    actor_name = models.CharField(max_length=200)
    actor_organisation = models.CharField(max_length=200, blank=True)
    factor = models.CharField(max_length=30, blank=True)
    source_address = models.CharField(max_length=45, blank=True)
    web_session_ref = models.CharField(max_length=32, blank=True)
    site_id = models.BigIntegerField(null=True, db_index=True)
    vendor_id = models.BigIntegerField(null=True)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.CharField(max_length=60, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    request_number = models.CharField(max_length=20, blank=True, db_index=True)
    session_number = models.CharField(max_length=20, blank=True, db_index=True)
    reason = models.CharField(max_length=2000, blank=True)
    detail = models.JSONField(default=dict)
    node = models.CharField(max_length=100, blank=True)
    app_version = models.CharField(max_length=20)
    content_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["object_type", "object_id"], name="audit_event_object"
            ),
            models.Index(fields=["site_id", "-id"], name="audit_event_site"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.object_label}".strip()


class AuditSeal(AppendOnly):
    """One link of the chain: `hash` covers the previous link's and the event's content."""

    seq = models.BigIntegerField(primary_key=True)  # gap-free, from 1
    event = models.OneToOneField(
        AuditEvent, on_delete=models.PROTECT, related_name="seal"
    )
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["seq"]

    def __str__(self) -> str:
        return f"{self.seq} {self.hash[:12]}"


class SignedHead(AppendOnly):
    """The chain's head at a moment, signed with the portal's Ed25519 key."""

    seq = models.BigIntegerField(unique=True)
    hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField(default=timezone.now)
    key_id = models.CharField(max_length=32)
    signature = models.TextField()

    class Meta:
        ordering = ["seq"]

    def __str__(self) -> str:
        return f"head {self.seq}"
