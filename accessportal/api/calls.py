"""The calls. Each asks for its scope first, then goes through the guards of the pages.

Reading is for displays and collectors; acts are only those that make the plant safe
faster: ending a session and isolating a site. Letting somebody in needs a person.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from accessportal.api.auth import Caller, Scope
from accessportal.api.paging import MOST, page_of
from accessportal.api.schemas import (
    AskedOut,
    EndIn,
    ErrorOut,
    EventOut,
    EventsOut,
    OrderOut,
    ReasonIn,
    RequestOut,
    RequestsOut,
    SessionOut,
    SessionsOut,
    WindowOut,
    WindowsOut,
)
from accessportal.audit import record
from accessportal.audit.access import events_visible_to
from accessportal.plants.access import site_isolatable_by
from accessportal.rate_limits import uses
from requests.models import AccessRequest, MaintenanceWindow
from sessions.access import session_endable_by
from sessions.board_cards import present_sessions
from sessions.models import BrokeredSession
from sessions.services.console import request_end
from sessions.services.isolation import isolate_site
from sessions.services.stop_orders import needed_reason

router = Router()

SITE_OF_SESSION = "endpoint__asset__zone__site"
REFUSED: dict[Any, Any] = dict.fromkeys((401, 403, 404, 409, 422, 429), ErrorOut)
AUDIT_NOTED_SECONDS = 3600


def caller_of(request: HttpRequest, scope: str) -> Caller:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller.for_scope(scope)


def _sessions(caller: Caller) -> Any:
    rows = BrokeredSession.objects.visible_to(caller.owner).select_related(
        "window__access_request__vendor",
        "endpoint__asset__zone__site",
        "started_by",
    )
    return caller.only_sites(rows, SITE_OF_SESSION)


@router.get(
    "/sessions/live",
    response={200: SessionsOut, **REFUSED},
    url_name="live_sessions",
    tags=["sessions"],
)
def live_sessions(request: HttpRequest) -> SessionsOut:
    """The board: who is on which machine now. Scope `sessions:read`."""
    caller = caller_of(request, Scope.SESSIONS_READ)
    rows = present_sessions(_sessions(caller))
    return SessionsOut(sessions=[SessionOut.of(row) for row in rows])


@router.get(
    "/sessions",
    response={200: SessionsOut, **REFUSED},
    url_name="past_sessions",
    tags=["sessions"],
)
def past_sessions(
    request: HttpRequest, cursor: str = "", limit: int = 50
) -> SessionsOut:
    """Sessions that are over, the newest first. Scope `sessions:read`."""
    caller = caller_of(request, Scope.SESSIONS_READ)
    over = _sessions(caller).filter(ended_at__isnull=False)
    page, rest = page_of(over, by="requested_at", cursor=cursor, limit=limit)
    return SessionsOut(sessions=[SessionOut.of(row) for row in page], next=rest)


@router.get(
    "/requests",
    response={200: RequestsOut, **REFUSED},
    url_name="requests",
    tags=["requests"],
)
def requests(
    request: HttpRequest,
    state: AccessRequest.Phase | None = None,
    cursor: str = "",
    limit: int = 50,
) -> RequestsOut:
    """Access requests, the newest first. Scope `requests:read`.

    `state` is what became of it, as people read it: `pending` is undecided; `approved` has a
    time that is still to come, or that runs; `to_confirm` lost it with a whole site, a company
    or a machine's address, and may get it back; `revoked` lost it for good; `given_back` by its
    own contractor; `over`: its time ran out. `denied`, `withdrawn`, and `expired` when nobody
    decided in time. Given as a parameter, only those.
    """
    caller = caller_of(request, Scope.REQUESTS_READ)
    rows = AccessRequest.objects.visible_to(caller.owner)
    if state:
        rows = rows.in_phase(state)
    rows = rows.select_related(
        "site", "vendor", "requested_by", "window"
    ).prefetch_related("endpoints__asset")
    page, rest = page_of(
        caller.only_sites(rows, "site"), by="submitted_at", cursor=cursor, limit=limit
    )
    return RequestsOut(requests=[RequestOut.of(row) for row in page], next=rest)


@router.get(
    "/windows",
    response={200: WindowsOut, **REFUSED},
    url_name="windows",
    tags=["requests"],
)
def windows(request: HttpRequest, cursor: str = "", limit: int = 50) -> WindowsOut:
    """Maintenance windows, the newest first. Scope `requests:read`."""
    caller = caller_of(request, Scope.REQUESTS_READ)
    rows = MaintenanceWindow.objects.visible_to(caller.owner).select_related(
        "access_request__site",
        "access_request__vendor",
        "access_request__requested_by",
    )
    page, rest = page_of(
        caller.only_sites(rows, "access_request__site"),
        by="created_at",
        cursor=cursor,
        limit=limit,
    )
    return WindowsOut(windows=[WindowOut.of(row) for row in page], next=rest)


@router.get(
    "/audit/events",
    response={200: EventsOut, **REFUSED},
    url_name="audit_events",
    tags=["audit"],
)
def audit_events(request: HttpRequest, after: int = 0, limit: int = MOST) -> EventsOut:
    """Sealed events in the order of the chain, those after sequence number `after`.

    Ask again with `next_after`. Scope `audit:read`. That it is read is an event, too: one
    an hour for each token.
    """
    caller = caller_of(request, Scope.AUDIT_READ)
    limit = max(1, min(limit, MOST))
    rows = caller.only_sites(events_visible_to(caller.owner), "site_id")
    page = list(
        rows.filter(seal__seq__gt=min(max(after, 0), 2**62))
        .select_related("seal")
        .order_by("seal__seq")[:limit]
    )
    token = f"token-{caller.token.pk}"
    if uses("api-audit", token, seconds=AUDIT_NOTED_SECONDS) <= 1:
        record(
            "audit.viewed",
            acting_user=caller.owner,
            subject=caller.token,
            origin=caller.origin,
            after=after,
        )
    return EventsOut(
        events=[EventOut.of(row) for row in page],
        next_after=page[-1].seal.seq if page else after,
    )


@router.post(
    "/sessions/{uuid:session_id}/end",
    response={202: AskedOut, **REFUSED},
    url_name="end_session",
    tags=["acts"],
)
def end_session(
    request: HttpRequest, session_id: UUID, asked: EndIn
) -> Status[AskedOut]:
    """End a live session, within half a second. Scope `sessions:end`.

    409 `critical_step` names a critical step that runs; `despite_step` ends it all the same.
    """
    caller = caller_of(request, Scope.SESSIONS_END)
    brokered_session = session_endable_by(caller.owner, session_id)
    caller.at_site(brokered_session.endpoint.asset.zone.site)
    request_end(
        brokered_session,
        acting_user=caller.owner,
        origin=caller.origin,
        note=needed_reason(asked.reason),
        despite_step=asked.despite_step,
    )
    return Status(202, AskedOut(asked=True, session=brokered_session.number))


@router.post(
    "/sites/{slug:slug}/isolate",
    response={202: OrderOut, **REFUSED},
    url_name="isolate_site",
    tags=["acts"],
)
def isolate(request: HttpRequest, slug: str, asked: ReasonIn) -> Status[OrderOut]:
    """End every session at a site, let nobody in, revoke its windows. Scope `sites:isolate`.

    Lifting it needs a person, a second factor and a reason; there is no call for it.
    """
    caller = caller_of(request, Scope.SITES_ISOLATE)
    site = site_isolatable_by(caller.owner, slug)
    caller.at_site(site)
    order = isolate_site(
        site, acting_user=caller.owner, origin=caller.origin, reason=asked.reason
    )
    return Status(202, OrderOut(order=order.number, sessions=order.sessions.count()))
