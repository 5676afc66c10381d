"""What a later look is: owed on who was let in by way of exception, taken by somebody else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self, TypeVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

Row = TypeVar("Row", bound=models.Model)

LOOK_DUE_AFTER = timedelta(hours=24)


def look_open(of: str = "") -> Q:
    """Owed, and nobody has taken it yet. of: the way to the row, as `emergency_look__`."""
    return Q(**{f"{of}look_due_at__isnull": False, f"{of}looked_at__isnull": True})


def look_late(at: datetime, of: str = "") -> Q:
    """Taken after it was due, or due and not taken yet."""
    return Q(**{f"{of}looked_at__isnull": True, f"{of}look_due_at__lte": at}) | Q(
        **{f"{of}looked_at__gt": F(f"{of}look_due_at")}
    )


class LaterLookQuerySet(models.QuerySet[Row]):
    def to_look_at(self) -> Self:
        return self.filter(look_open())

    def was_late(self, *, at: datetime | None = None) -> Self:
        return self.filter(look_late(at or timezone.now()))


class LaterLook(models.Model):
    """`look_due_at`: by when; None while none is owed. Its verdict is for the plant alone."""

    class Verdict(models.TextChoices):
        JUSTIFIED = "justified", _("Justified")
        NOT_JUSTIFIED = "not_justified", _("Not justified")

    look_due_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    # When it was last said that it is late.
    late_told_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    looked_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    verdict = models.CharField(max_length=14, choices=Verdict.choices, blank=True)
    note = models.CharField(max_length=2000, blank=True)

    class Meta:
        abstract = True

    @property
    def is_late(self) -> bool:
        """Taken too late, or late now."""
        if self.look_due_at is None:
            return False
        return self.look_due_at < (self.looked_at or timezone.now())
