"""What the shift ticks before somebody from outside may work on a machine."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ChecklistItem(models.Model):
    """One point for a site, or only for one asset of it. `asks_for`: what is to be written
    beside the tick, such as the number of the permit to work; empty for a tick alone."""

    site = models.ForeignKey(
        "plants.Site", on_delete=models.CASCADE, related_name="checklist"
    )
    asset = models.ForeignKey(
        "plants.Asset",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="checklist",
    )
    text = models.CharField(_("text"), max_length=200)
    asks_for = models.CharField(_("asks for"), max_length=60, blank=True)

    class Meta:
        # Those of the whole site first, on every database.
        ordering = [models.F("asset__name").asc(nulls_first=True), "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "text"],
                condition=models.Q(asset__isnull=True),
                name="checklist_text_once_per_site",
            ),
            models.UniqueConstraint(
                fields=["asset", "text"], name="checklist_text_once_per_asset"
            ),
        ]

    def __str__(self) -> str:
        return self.text
