"""The start page's parts: what needs this person now, by what the person may do.

Each part is a list that says what it is, filled by one query; a part that does not concern
the person is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accessportal.accounts.authorisation import (
    Action,
    actions_anywhere,
    at_sites_where,
    sites_where,
)
from accessportal.accounts.models import User, Vendor
from accessportal.accounts.services.attestation import overdue_among
from accessportal.alerts.access import alerts_visible_to
from accessportal.alerts.views import worded
from accessportal.audit.access import events_visible_to
from accessportal.audit.events import EVENTS
from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Endpoint, Site
from accessportal.readiness import what_lapses
from requests.later_wishes import wishes_asking
from requests.models import (
    AccessRequest,
    EmergencyLook,
    Escort,
    ExtensionRequest,
    MaintenanceWindow,
)
from sessions.models import BrokeredSession, ComplianceReview, Departure
from sessions.services.left_desktops import questions_for

SHOWN = 6


@dataclass(frozen=True)
class UsableWindow:
    """A contractor's window with the machines in it and the session that is live on each."""

    window: MaintenanceWindow
    machines: list[tuple[Endpoint, BrokeredSession | None]]


def parts_for(user: User) -> dict[str, Any]:
    """Everything `home.html` shows to `user`."""
    if user.vendor_id is not None:
        return contractor_parts(user)
    return plant_parts(user)


# --- Contractor -----------------------------------------------------------------------


OPEN = MaintenanceWindow.Phase.OPEN


def contractor_parts(user: User) -> dict[str, Any]:
    now = timezone.now()
    own = with_request(
        MaintenanceWindow.objects.visible_to(user)
        .filter(access_request__requested_by=user)
        .not_over(at=now)
        .order_by("opens_at")
    )[:SHOWN]
    live = {
        (one.window_id, one.endpoint_id): one
        for one in BrokeredSession.objects.visible_to(user).live()
    }
    windows = [
        UsableWindow(
            window,
            [
                (endpoint, live.get((window.pk, endpoint.pk)))
                for endpoint in window.access_request.endpoints.all()
            ],
        )
        for window in own
    ]
    requests_of_mine = AccessRequest.objects.visible_to(user).filter(requested_by=user)
    return {
        "is_contractor": True,
        "open_windows": [one for one in windows if one.window.phase(at=now) == OPEN],
        "coming_windows": [one for one in windows if one.window.phase(at=now) != OPEN],
        "waiting_requests": list(
            with_machines(requests_of_mine.awaiting_decision(at=now))[:SHOWN]
        ),
        "past_requests": list(
            with_machines(
                requests_of_mine.exclude(state=AccessRequest.State.PENDING).exclude(
                    window__closes_at__gt=now, window__revoked_at__isnull=True
                )
            ).select_related("window")[:4]
        ),
        "missing": what_lapses(user, at=now),
    }


# --- People of the plant --------------------------------------------------------------


def plant_parts(user: User) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "is_contractor": False,
        "vouching": vouching_parts(user),
        "missing": what_lapses(user, at=timezone.now()),
        "owed_looks": list(
            EmergencyLook.objects.owed_by(user).select_related(
                "access_request__site", "access_request__requested_by__vendor"
            )[:SHOWN]
        ),
        "owed_escorts": list(
            Escort.objects.owed_by(user).select_related(
                "access_request__site",
                "access_request__requested_by__vendor",
                "offered_by",
            )[:SHOWN]
        ),
    }
    actions = actions_anywhere(user)
    decisions = decision_parts(user)
    if Action.REQUEST_DECIDE in actions or decisions["pending"]:
        parts |= decisions
    if Action.SESSION_SEE in actions:
        parts["live_sessions"] = list(
            BrokeredSession.objects.visible_to(user)
            .live()
            .select_related(
                "endpoint__asset__zone__site",
                "started_by__vendor",
                "window__access_request",
            )
            .order_by("requested_at")[:20]
        )
    if Action.SESSION_CHARGE in actions:
        parts["charge"] = charge_counts(user)
    if Action.SESSION_FREEZE in actions:
        parts["asked_desktops"] = questions_for(user)
    if Action.REQUEST_SEE in actions:
        parts["todays_windows"] = todays_windows(user)
    if Action.REVIEW_COMPLETE in actions:
        parts |= review_parts(user)
    if {Action.AUDIT_SEE, Action.SITE_ISOLATE} <= actions:
        parts["alerts"] = alerts_for(user)
    if Action.ALERT_HANDLE in actions:
        parts["open_alerts"] = worded(list(alerts_visible_to(user).open()[:SHOWN]))
    if Action.PLANT_CHANGE in actions:
        parts["setup"] = setup_facts(user)
    return parts


def vouching_parts(user: User) -> dict[str, list[Any]]:
    """What a sponsor has to see to: people to confirm, departures, lists that are overdue."""
    sponsored = list(user.sponsored_vendors.all())
    if not sponsored:
        return {}
    vendors = [vendor for vendor in sponsored if vendor.suspended_at is None]
    waiting = User.objects.active().filter(
        vendor__in=vendors, sponsor_confirmed_at__isnull=True
    )
    left = Departure.objects.filter(
        vendor__sponsor=user, acknowledged_at__isnull=True
    ).select_related("person__vendor", "vendor", "reported_by")
    found: dict[str, list[Any]] = {
        "waiting": list(waiting.select_related("vendor")[:SHOWN]),
        "left": list(left[:SHOWN]),
        "overdue": overdue_among(vendors, at=timezone.now()),
    }
    return found if any(found.values()) else {}


def charge_counts(user: User) -> dict[str, int]:
    """Live sessions that are offered to this person, that nobody is in charge of, or whose
    critical step waits for a yes."""
    waits = Q(critical_steps__accepted_at=None, critical_steps__ended_at=None)
    return (
        BrokeredSession.objects.live()
        .filter(
            at_sites_where(user, Action.SESSION_CHARGE, "endpoint__asset__zone__site")
        )
        .aggregate(
            offered=Count("pk", filter=Q(charge_offered_to=user), distinct=True),
            vacant=Count("pk", filter=Q(person_in_charge=None), distinct=True),
            steps=Count("critical_steps", filter=waits, distinct=True),
        )
    )


def decision_parts(user: User) -> dict[str, Any]:
    """What waits for this person's yes: requests by their start, and wishes for more time."""
    asking = AccessRequest.objects.awaiting_decision().asking(user)
    pending = list(with_machines(asking).order_by("wanted_from")[:SHOWN])
    return {
        "decides": True,
        "fallen": list(MaintenanceWindow.objects.fallen().to_reconfirm(user)[:SHOWN]),
        "later": wishes_asking(user)[:SHOWN],
        "pending_count": len(pending) if len(pending) < SHOWN else asking.count(),
        "pending": pending,
        "extensions": list(
            ExtensionRequest.objects.awaiting_decision()
            .filter(
                at_sites_where(
                    user, Action.REQUEST_DECIDE, "window__access_request__site"
                )
            )
            .select_related("asked_by__vendor", "window__access_request__site")[:SHOWN]
        ),
    }


def review_parts(user: User) -> dict[str, Any]:
    reviews = ComplianceReview.objects.visible_to(user).filter(
        state=ComplianceReview.State.OPEN
    )
    counted = reviews.aggregate(
        all=Count("pk"), late=Count("pk", filter=Q(due_at__lt=timezone.now()))
    )
    return {
        "reviews": True,
        "review_count": counted["all"],
        "late_count": counted["late"],
        "due_reviews": list(
            reviews.select_related(
                "recording__brokered_session__endpoint__asset__zone__site",
                "recording__brokered_session__started_by__vendor",
            ).order_by("due_at")[:SHOWN]
        ),
    }


def todays_windows(user: User) -> list[MaintenanceWindow]:
    """Windows that are open now or open within a day, first to open first."""
    now = timezone.now()
    return list(
        with_request(
            MaintenanceWindow.objects.visible_to(user)
            .not_over(at=now)
            .filter(opens_at__lt=now + timedelta(days=1))
            .order_by("opens_at")
        )[:SHOWN]
    )


def alerts_for(user: User) -> list[AuditEvent]:
    """The unusual of the last day, newest first."""
    since = timezone.now() - timedelta(days=1)
    found = list(
        events_visible_to(user)
        .filter(recorded_at__gte=since, severity__in=["warning", "critical"])
        .order_by("-recorded_at")[:8]
    )
    for event in found:
        kind = EVENTS.get(event.event)
        event.sentence = kind.sentence if kind is not None else event.event  # type: ignore[attr-defined]
    return found


def setup_facts(user: User) -> dict[str, Any]:
    """How far the plant is set up, for the administrator."""
    sites = sites_where(user, Action.PLANT_CHANGE)
    endpoints = Endpoint.objects.filter(asset__zone__site__in=sites)
    return {
        "sites": sites.count(),
        "assets": endpoints.values("asset").distinct().count(),
        "endpoints": endpoints.count(),
        "vendors": Vendor.objects.count(),
        "people": User.objects.active().count(),
        "without_credential": list(
            endpoints.filter(protocol=Endpoint.Protocol.SSH, credential__isnull=True)
            .select_related("asset__zone__site")
            .order_by("asset__name")[:SHOWN]
        ),
        "never_checked": list(
            endpoints.exclude(checks__state="passed")
            .exclude(probe=Endpoint.Probe.NEVER)
            .select_related("asset__zone__site")
            .order_by("asset__name")[:SHOWN]
        ),
        "site_list": list(Site.objects.filter(pk__in=sites)),
    }


# --- Reading together what a line shows -----------------------------------------------


def with_machines(rows: QuerySet[AccessRequest]) -> QuerySet[AccessRequest]:
    return rows.select_related("site", "requested_by__vendor").prefetch_related(
        "endpoints__asset"
    )


def with_request(rows: QuerySet[MaintenanceWindow]) -> QuerySet[MaintenanceWindow]:
    return rows.select_related(
        "access_request__site", "access_request__requested_by__vendor"
    ).prefetch_related("access_request__endpoints__asset")
