"""The processes that carry sessions: brokers, and the guacd daemons they reach."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BrokerNode(models.Model):
    """A broker process, as it says of itself every second."""

    name = models.CharField(max_length=60, unique=True)
    # A new one with every start: two processes of one name are noticed.
    run = models.UUIDField()
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    stopping_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class GuacdNode(models.Model):
    """One guacd daemon of the pool; without a site it serves every site."""

    address = models.CharField(_("host:port"), max_length=120, unique=True)
    site = models.ForeignKey(
        "plants.Site",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="guacd_nodes",
    )
    added_at = models.DateTimeField(default=timezone.now)
    # Taken out of use by an administrator: live sessions go on, new ones go elsewhere.
    retired_at = models.DateTimeField(null=True, blank=True)
    # What the last look found.
    checked_at = models.DateTimeField(null=True, blank=True)
    unreachable_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["address"]

    def __str__(self) -> str:
        return self.address
