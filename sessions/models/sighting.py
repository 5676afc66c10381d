"""What guacd itself says of a session, beside what the portal's record says."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Sighting(models.Model):
    """One row per session that guacd was asked about, or was heard from.

    A disagreement is only one after two looks that say the same: while a session begins
    and ends, record and guacd may differ for a moment.
    """

    class Answer(models.TextChoices):
        """guacd's answer to a join of the connection."""

        KNOWS = "knows", _("guacd has this connection")
        UNKNOWN = "unknown", _("guacd does not know this connection")
        SILENT = "silent", _("guacd does not answer")

    class Disagreement(models.TextChoices):
        NOT_AT_GUACD = "not_at_guacd", _("live here, unknown to guacd")
        STILL_AT_GUACD = "still_at_guacd", _("ended here, still open at guacd")
        NO_BROKER = "no_broker", _("no process carries it")
        GUACD_SILENT = "guacd_silent", _("guacd does not answer")

    brokered_session = models.OneToOneField(
        "brokered_sessions.BrokeredSession",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="sighting",
    )
    # The session's own broker has had something from guacd.
    heard_at = models.DateTimeField(null=True, blank=True)
    # The recorder writes more slowly than the screen changes.
    recorder_behind_since = models.DateTimeField(null=True, blank=True)
    # Somebody asked guacd, and what it said.
    asked_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=10, choices=Answer.choices, blank=True)
    # The first look that did not fit, and what it would be.
    suspected = models.CharField(
        max_length=20, choices=Disagreement.choices, blank=True
    )
    suspected_at = models.DateTimeField(null=True, blank=True)
    disagreement = models.CharField(
        max_length=20, choices=Disagreement.choices, blank=True
    )
    since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(disagreement="", since__isnull=True)
                | (~models.Q(disagreement="") & models.Q(since__isnull=False)),
                name="disagreement_has_a_beginning",
            ),
        ]
        indexes = [
            models.Index(
                fields=["since"],
                condition=models.Q(since__isnull=False),
                name="disagreements",
            )
        ]

    def __str__(self) -> str:
        return f"{self.brokered_session}: {self.answer}"
