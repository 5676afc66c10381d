"""The evidence of a session: a recording made of sealed segments."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accessportal.accounts.models import User
    from accessportal.plants.models import Site


class RecordingQuerySet(models.QuerySet["Recording"]):
    def visible_to(self, user: User) -> RecordingQuerySet:
        """Recordings of the sites whose recordings a person of the plant may see."""
        from accessportal.accounts.authorisation import Action, at_sites_where

        return self.filter(
            at_sites_where(
                user,
                Action.RECORDING_SEE,
                "brokered_session__endpoint__asset__zone__site",
            )
        )

    def abandoned(self, *, before: datetime) -> RecordingQuerySet:
        """Still being written, although their session was over `before`."""
        return self.filter(
            state=Recording.State.WRITING,
            brokered_session__state__in=["ended", "failed"],
            brokered_session__ended_at__lte=before,
        )

    def to_look_over(self) -> RecordingQuerySet:
        """Closed, but nobody has checked their files since."""
        return self.filter(
            state__in=[Recording.State.SEALED, Recording.State.INCOMPLETE],
            verified_at__isnull=True,
        )

    def with_session(self) -> RecordingQuerySet:
        """Fetched with everything a page about a recording shows."""
        return self.select_related(
            "brokered_session__endpoint__asset__zone__site",
            "brokered_session__started_by__vendor",
            "brokered_session__window__access_request__vendor",
            "review__reviewed_by",
        )


class Recording(models.Model):
    """Segments are written by the session actor; the signed manifest closes them."""

    class State(models.TextChoices):
        WRITING = "writing", _("Being written")
        SEALED = "sealed", _("Sealed")
        INCOMPLETE = "incomplete", _("Incomplete")

    brokered_session = models.OneToOneField(
        "brokered_sessions.BrokeredSession",
        on_delete=models.PROTECT,
        related_name="recording",
    )
    state = models.CharField(
        max_length=12, choices=State.choices, default=State.WRITING
    )
    started_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    sealed_at = models.DateTimeField(null=True, blank=True)
    key_id = models.CharField(max_length=32)
    # The recording's own data key, encrypted with the recording key of `key_id`.
    wrapped_key = models.TextField()
    duration_ms = models.PositiveBigIntegerField(default=0)
    stored_bytes = models.PositiveBigIntegerField(default=0)
    gaps = models.JSONField(default=list)
    # What the time line shows, read from the input track; see sessions/recorder/timeline.py.
    timeline = models.JSONField(default=dict)
    manifest = models.JSONField(default=dict)
    manifest_signature = models.TextField(blank=True)
    signing_key_id = models.CharField(max_length=32, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    verification_error = models.CharField(max_length=500, blank=True)

    objects = RecordingQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["-started_at"], name="recording_started")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="writing", sealed_at__isnull=True)
                | (
                    models.Q(
                        state__in=["sealed", "incomplete"], sealed_at__isnull=False
                    )
                    & ~models.Q(manifest_signature="")
                ),
                name="recording_closed_is_signed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.brokered_session)

    @property
    def folder(self) -> str:
        """Where its files are, relative to the recordings' storage."""
        session = self.brokered_session
        return f"{session.requested_at.year}/{session.number}"

    @property
    def site(self) -> Site:
        return self.brokered_session.endpoint.asset.zone.site


class Segment(models.Model):
    """One stored file of a track: blocks, each compressed, encrypted, digested, chained."""

    class Track(models.TextChoices):
        SCREEN = "screen", _("Screen")
        INPUT = "input", _("Input")

    recording = models.ForeignKey(
        Recording, on_delete=models.CASCADE, related_name="segments"
    )
    track = models.CharField(max_length=10, choices=Track.choices)
    number = models.PositiveIntegerField()
    storage_name = models.CharField(max_length=200, unique=True)
    started_at = models.DateTimeField()
    # Milliseconds since the recording's first picture.
    starts_ms = models.PositiveBigIntegerField()
    ends_ms = models.PositiveBigIntegerField(default=0)
    # guacd's clock (uptime, ms) at the first and last `sync`; ties the stream to UTC.
    first_sync = models.BigIntegerField(null=True, blank=True)
    last_sync = models.BigIntegerField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    blocks = models.PositiveIntegerField(default=0)
    plain_bytes = models.PositiveBigIntegerField(default=0)
    stored_bytes = models.PositiveBigIntegerField(default=0)
    # Bytes behind the last whole block, as a crash leaves them; outside the digest.
    torn_bytes = models.PositiveBigIntegerField(default=0)
    adler32 = models.PositiveBigIntegerField(default=1)
    # [[ms, plain bytes], ...] for each block: how busy the screen was.
    activity = models.JSONField(default=list)
    plain_sha256 = models.CharField(max_length=64, blank=True)
    stored_sha256 = models.CharField(max_length=64, blank=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    chain_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["recording", "track", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["recording", "track", "number"], name="segment_number_once"
            ),
        ]

    def __str__(self) -> str:
        return self.storage_name
