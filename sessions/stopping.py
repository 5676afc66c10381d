"""What the pages of isolating, suspending and drilling show; a fixed number of queries each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.authorisation import Action, sites_where
from accessportal.accounts.models import User, Vendor
from accessportal.plants.models import Site
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, CriticalStep, StopOrder
from sessions.services.drill import shortfall_of
from sessions.services.stop_orders import live_sessions_of, progress_of

SHORTFALL = {
    "not_ended": _("not ended"),
    "ended_late": _("ended too late"),
    "not_proven": _("end not proven"),
    "proven_late": _("end proven too late"),
}


@dataclass(frozen=True)
class StoppedSession:
    """One session of an order; times in seconds since the order was given."""

    session: BrokeredSession
    ended_after: float | None
    proven_after: float | None
    shortfall: object


def what_would_stop(
    user: User, *, site: Site | None = None, vendor: Vendor | None = None
) -> dict[str, Any]:
    """The live sessions and the standing windows that an act on a site or vendor is about.

    What lies at sites that the person does not see is counted, not shown.
    """
    everything = live_sessions_of(site=site, vendor=vendor)
    sessions = list(
        _with_step(
            _shown(everything.filter(endpoint__asset__zone__site__in=_seen(user)))
        )
    )
    of_it = (
        {"access_request__site": site}
        if site is not None
        else {"access_request__vendor": vendor}
    )
    return {
        "sessions": sessions,
        "session_count": everything.count(),
        "window_count": MaintenanceWindow.objects.not_over().filter(**of_it).count(),
        "in_critical_step": sum(bool(one.running_steps) for one in sessions),  # type: ignore[attr-defined]
    }


def order_page(user: User, order: StopOrder) -> dict[str, Any]:
    """The sessions and windows of an order, as far as the person may see them."""
    sites = _seen(user)
    sessions = _shown(order.sessions.filter(endpoint__asset__zone__site__in=sites))
    progress = progress_of(order)
    rows = [_row(order, one) for one in sessions]
    windows = list(
        order.windows.filter(access_request__site__in=sites)
        .select_related(
            "access_request__site",
            "access_request__requested_by__vendor",
            "reconfirmed_by",
        )
        .prefetch_related("access_request__endpoints__asset")
        .order_by("opens_at")
    )
    now = timezone.now()
    return {
        "progress": progress,
        "rows": rows,
        "elsewhere": progress.sessions - len(rows),
        "windows": windows,
        "waiting": [
            one
            for one in windows
            if one.revoked_at is not None and one.revoke_cause and one.closes_at > now
        ],
        "window_count": order.windows.count(),
        "decides_at": set(
            sites_where(user, Action.REQUEST_DECIDE).values_list("pk", flat=True)
        ),
        "now": now,
    }


def _row(order: StopOrder, one: BrokeredSession) -> StoppedSession:
    missing = shortfall_of(order, one) if order.completed_at is not None else ""
    return StoppedSession(
        session=one,
        ended_after=_after(order, one.ended_at),
        proven_after=_after(order, one.end_confirmed_at),
        shortfall=SHORTFALL.get(missing, ""),
    )


def _after(order: StopOrder, moment: Any) -> float | None:
    if moment is None:
        return None
    return max(0.0, float((moment - order.requested_at).total_seconds()))


def _seen(user: User) -> QuerySet[Site]:
    return sites_where(user, Action.SESSION_SEE)


def _shown(sessions: QuerySet[BrokeredSession]) -> QuerySet[BrokeredSession]:
    return sessions.select_related(
        "endpoint__asset__zone__site",
        "started_by__vendor",
        "window__access_request",
    ).order_by("requested_at")


def _with_step(sessions: QuerySet[BrokeredSession]) -> QuerySet[BrokeredSession]:
    return sessions.prefetch_related(
        Prefetch(
            "critical_steps",
            queryset=CriticalStep.objects.running(),
            to_attr="running_steps",
        )
    )
