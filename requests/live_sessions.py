"""What this step may know of the step above: how many sessions a window carries now."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow


def live_sessions_of(window: MaintenanceWindow) -> int:
    """Counted through the relation, without importing what is above."""
    sessions: Any = window.sessions
    return int(sessions.live().count())


def live_consoles_of(window: MaintenanceWindow) -> list[tuple[Endpoint, str]]:
    """The machines on which a session of the window is live, and where to join it."""
    sessions: Any = window.sessions
    live = sessions.live().select_related("endpoint__asset__zone__site")
    return [
        (session.endpoint, reverse("sessions:console", args=[session.pk]))
        for session in live.order_by("requested_at")
    ]


def console_path(window: MaintenanceWindow, endpoint: Endpoint) -> str:
    """Where the contractor connects: a page of the step above, known by its name only."""
    return reverse("sessions:console_start", args=[window.pk, endpoint.pk])
