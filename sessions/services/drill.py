"""Drills: prove that vendor access can be cut, on sessions chosen for it (CIP-005-7 R2.5).

A drill asks the ends in the same way as an isolation and a suspension do, measures the same
times, and leaves nothing blocked: the people may start again at once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User, Vendor
from accessportal.accounts.vendor_rights import may_suspend
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin
from accessportal.plants.models import Site
from sessions.models import BrokeredSession, CriticalStep, StopOrder
from sessions.services.stop_orders import (
    give_order,
    live_sessions_of,
    needed_reason,
)

END_WITHIN_SECONDS = 3.0
"""From the order to the end, with the fast messages lost (architecture, 9)."""

PROOF_WITHIN_SECONDS = 5.0
"""From the end to its proof (architecture, 9)."""

DUE_AFTER = timedelta(days=365)
"""A site whose last passed drill is older than this is told so. The standard asks for
methods and leaves how often they are tried to the plant."""


@transaction.atomic
def start_drill(
    *,
    site: Site | None = None,
    vendor: Vendor | None = None,
    sessions: Collection[UUID],
    acting_user: User,
    origin: Origin,
    reason: str,
) -> StopOrder:
    """End the chosen live sessions of a site or a vendor as a drill.

    Raises `NotPossible` when none is chosen, one belongs elsewhere or is in a critical
    step, `TooLate` when one is over already.
    """
    chosen = list(
        live_sessions_of(site=site, vendor=vendor)
        .filter(pk__in=sessions)
        .select_related(
            "window__access_request__site", "started_by", "endpoint__asset__zone__site"
        )
        .order_by("requested_at")
    )

    guard_may_drill(acting_user, site=site, vendor=vendor)
    reason = needed_reason(reason)
    if not sessions:
        raise NotPossible(
            _("Choose at least one session: a drill without one proves nothing."),
            code="no_session",
        )
    if len(chosen) != len(set(sessions)):
        raise TooLate(
            _(
                "A chosen session is over already. Nothing was ended; please look again."
            ),
            code="session_over",
        )
    if CriticalStep.objects.running().filter(brokered_session__in=chosen).exists():
        raise NotPossible(
            _(
                "A chosen session is in a critical step. A drill must not break that off."
            ),
            code="critical_step",
        )

    order = give_order(
        StopOrder.Kind.DRILL,
        site=site,
        vendor=vendor,
        acting_user=acting_user,
        origin=origin,
        reason=reason,
        sessions=chosen,
    )

    record(
        "drill.started",
        acting_user=acting_user,
        subject=order,
        site=site,
        origin=origin,
        reason=reason,
        of=order.of,
        sessions=[one.number for one in chosen],
    )
    return order


def note_result(order: StopOrder, *, at: datetime) -> dict[str, Any]:
    """The result of a drill that is over, as fields, with its audit event."""
    shortfall = [
        {"session": one.number, "missing": missing}
        for one in order.sessions.order_by("number")
        if (missing := shortfall_of(order, one))
    ]
    result = StopOrder.Result.FAILED if shortfall else StopOrder.Result.PASSED
    record(
        "drill.completed",
        acting_user=order.requested_by,
        subject=order,
        site=order.site,
        result="failed" if shortfall else "ok",
        reason=order.reason,
        of=order.of,
        shortfall=shortfall,
        seconds=round((at - order.requested_at).total_seconds(), 3),
    )
    return {"result": result, "shortfall": shortfall}


def shortfall_of(order: StopOrder, brokered_session: BrokeredSession) -> str:
    """What a session of a drill did not show in time: a stable key, empty when nothing."""
    ended, proven = brokered_session.ended_at, brokered_session.end_confirmed_at
    if ended is None:
        return "not_ended"
    if (ended - order.requested_at).total_seconds() > END_WITHIN_SECONDS:
        return "ended_late"
    if proven is None:
        return "not_proven"
    if (proven - ended).total_seconds() > PROOF_WITHIN_SECONDS:
        return "proven_late"
    return ""


def guard_may_drill(
    user: User, *, site: Site | None = None, vendor: Vendor | None = None
) -> None:
    """Who may do it in earnest may drill it."""
    allowed = (
        may(user, Action.SITE_ISOLATE, site)
        if site is not None
        else vendor is not None and may_suspend(user, vendor)
    )
    if not allowed:
        raise NotAllowed(_("You are not allowed to drill this."))


def last_passed(sites: Collection[Site]) -> dict[int, datetime]:
    """When each site last passed a drill of its own, by the site's id."""
    rows = (
        StopOrder.objects.drills()
        .filter(site__in=sites, result=StopOrder.Result.PASSED)
        .values_list("site")
        .annotate(last=Max("requested_at"))
    )
    return dict(rows)


def is_due(last: datetime | None, *, at: datetime | None = None) -> bool:
    return last is None or last < (at or timezone.now()) - DUE_AFTER
