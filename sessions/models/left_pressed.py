"""Machines that somebody of the plant has to look at: a crash came while input was held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from accessportal.accounts.models import User


class LeftPressedQuerySet(models.QuerySet["LeftPressed"]):
    def open(self) -> LeftPressedQuerySet:
        """Nobody has said yet that they looked."""
        return self.filter(seen_at__isnull=True)

    def visible_to(self, user: User) -> LeftPressedQuerySet:
        """Those of the sites whose sessions a person of the plant sees."""
        from accessportal.accounts.authorisation import Action, at_sites_where

        return self.filter(
            at_sites_where(
                user,
                Action.SESSION_SEE,
                "brokered_session__endpoint__asset__zone__site",
            )
        )


class LeftPressed(models.Model):
    """A session was interrupted, or taken over, with keys or buttons held down on its machine.

    Stays on the live board until a person of the plant says that they looked at it.
    """

    brokered_session = models.OneToOneField(
        "brokered_sessions.BrokeredSession",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="left_pressed",
    )
    # How many keys, buttons and fingers; which ones is nobody's business.
    held = models.PositiveSmallIntegerField()
    noted_at = models.DateTimeField(default=timezone.now)
    # The portal could send the releases; whether the machine took them is for eyes to see.
    released_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = LeftPressedQuerySet.as_manager()

    class Meta:
        ordering = ["noted_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(seen_at__isnull=True, seen_by__isnull=True)
                | models.Q(seen_at__isnull=False, seen_by__isnull=False),
                name="left_pressed_seen_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return str(self.brokered_session)

    @property
    def went_on(self) -> bool:
        """Whether the session went on: another broker took it over."""
        ended_at = self.brokered_session.ended_at
        return ended_at is None or self.noted_at < ended_at
