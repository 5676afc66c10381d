"""Whose is the line? What the shift has to say before work, and whether it has said it."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from accessportal.plants.models import ChecklistItem
from requests.models import LineHandover, MaintenanceWindow


def checklist_of(window: MaintenanceWindow) -> list[ChecklistItem]:
    """The points of the site, then those of the machines of the window."""
    access_request = window.access_request
    assets = access_request.endpoints.values("asset")
    return list(
        ChecklistItem.objects.filter(
            Q(asset__isnull=True) | Q(asset__in=assets), site=access_request.site_id
        ).select_related("asset")
    )


def turn_of(window: MaintenanceWindow) -> LineHandover | None:
    """The turn that goes on: the line is given, and not handed back."""
    return window.handovers.filter(
        given_at__isnull=False, returned_at__isnull=True
    ).first()


def needs_the_line(window: MaintenanceWindow) -> bool:
    """Whether the shift has to give the line before somebody may connect."""
    return (
        window.on_release_seconds is not None
        or bool(window.access_request.demands.get("confirm_each_use"))
        or bool(checklist_of(window))
    )


def waits_for_line(window: MaintenanceWindow) -> bool:
    """Nobody may connect yet: the shift has not given the line, or has it back."""
    return needs_the_line(window) and turn_of(window) is None


def not_ticked(
    items: Collection[ChecklistItem], ticked: Collection[int], values: dict[int, str]
) -> list[ChecklistItem]:
    """The points that are open: without a tick, or without what is to be written."""
    return [
        item
        for item in items
        if item.pk not in ticked
        or (item.asks_for and not values.get(item.pk, "").strip())
    ]
