"""What this step may know of the step above: how many sessions a window carries now."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User
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


def critical_steps_of(window: MaintenanceWindow) -> list[str]:
    """What must not be broken off in the window's live sessions now."""
    sessions: Any = window.sessions
    running = sessions.live().filter(
        critical_steps__ended_at__isnull=True,
        critical_steps__until__gt=timezone.now(),
    )
    return list(running.values_list("critical_steps__what", flat=True))


def told_of_wishes(window: MaintenanceWindow) -> list[User]:
    """Who hears that somebody asks for more time: who is in charge of the window's live
    sessions, else everybody who decides at the site."""
    site = window.access_request.site
    deciders = people_who_may(Action.REQUEST_DECIDE, site)
    sessions: Any = window.sessions
    in_charge = sessions.live().values("person_in_charge")
    return list(deciders.filter(pk__in=in_charge)) or list(deciders)


def console_path(window: MaintenanceWindow, endpoint: Endpoint) -> str:
    """Where the contractor connects: a page of the step above, known by its name only."""
    return reverse("sessions:console_start", args=[window.pk, endpoint.pk])
