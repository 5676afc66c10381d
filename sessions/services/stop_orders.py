"""What isolating, suspending and drilling share: ask every session's end, keep the evidence.

The order is given in one transaction: from its commit on, policy says no. The actors end
their sessions at once on the message, and within their tick without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User, Vendor
from accessportal.audit import record
from accessportal.errors import NotPossible, TooLate
from accessportal.live import announce
from accessportal.news import site_topic, tell_news, vendor_topic
from accessportal.numbers import next_number
from accessportal.origin import Origin
from accessportal.plants.models import Endpoint, Site
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, StopOrder
from sessions.services.news import BROKERS, tell_pages

EndReason = BrokeredSession.EndReason
Kind = StopOrder.Kind

END_REASONS = {
    Kind.ISOLATION: EndReason.SITE_ISOLATED,
    Kind.SUSPENSION: EndReason.VENDOR_SUSPENDED,
    Kind.DRILL: EndReason.DRILL,
}

GIVE_UP = timedelta(minutes=2)
"""Later than this nothing is waited for: what is not proven then stays said as not proven."""


@dataclass(frozen=True)
class Progress:
    """How far an order is; times in seconds since it was given, None where nothing ended."""

    sessions: int
    ended: int
    proven: int
    slowest_end: float | None
    slowest_proof: float | None

    @property
    def finished(self) -> bool:
        return self.proven == self.sessions


def live_sessions_of(
    *, site: Site | None = None, vendor: Vendor | None = None
) -> models.QuerySet[BrokeredSession]:
    """The live sessions at a site, or of a vendor's people."""
    live = BrokeredSession.objects.live()
    if site is not None:
        return live.filter(endpoint__asset__zone__site=site)
    return live.filter(started_by__vendor=vendor)


def lock_starts(
    *,
    site: Site | None = None,
    vendor: Vendor | None = None,
    person: User | None = None,
) -> None:
    """Let no session start while the order is being given.

    A start locks its endpoint before it looks at the facts: one that was first is seen
    and ended, one that comes later sees that it may not.
    """
    endpoints = Endpoint.objects.all()
    if site is not None:
        endpoints = endpoints.filter(asset__zone__site=site)
    elif person is not None:
        endpoints = endpoints.filter(
            requestedendpoint__access_request__requested_by=person,
            requestedendpoint__access_request__window__in=(
                MaintenanceWindow.objects.not_over()
            ),
        )
    else:
        endpoints = endpoints.filter(
            models.Q(asset__vendors=vendor)
            | models.Q(requestedendpoint__access_request__vendor=vendor)
        )
    ids = endpoints.order_by("pk").values_list("pk", flat=True).distinct()
    # A tuple, so that the rows are locked in one order wherever this is done.
    list(
        Endpoint.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=tuple(ids))
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def give_order(
    kind: str,
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
    sessions: Iterable[BrokeredSession],
    site: Site | None = None,
    vendor: Vendor | None = None,
) -> StopOrder:
    """Insert the order and ask for the end of `sessions`, inside the caller's transaction."""
    sessions = list(sessions)
    order = _new_order(
        kind=kind, site=site, vendor=vendor, reason=reason, requested_by=acting_user
    )
    order.sessions.set(sessions)
    if not sessions:
        _complete(order, at=order.requested_at)
    ask_for_ends(
        sessions,
        END_REASONS[Kind(kind)],
        at=order.requested_at,
        acting_user=acting_user,
        origin=origin,
        reason=reason,
        order=order.number,
    )
    tell_order(order)
    return order


def ask_for_ends(
    sessions: Iterable[BrokeredSession],
    end_reason: str,
    *,
    at: datetime,
    acting_user: User,
    origin: Origin,
    reason: str,
    order: str,
) -> None:
    """Ask for the end of each session, inside the caller's transaction; the first asker stands.

    `order`: the number of what asks, kept in the audit trail.
    """
    for brokered_session in sessions:
        asked = BrokeredSession.objects.filter(
            pk=brokered_session.pk, end_requested_at__isnull=True
        ).update(
            end_requested_at=at,
            end_requested_by=acting_user,
            end_requested_reason=end_reason,
            end_note=reason,
        )
        if asked:
            record(
                "session.end.requested",
                acting_user=acting_user,
                subject=brokered_session,
                brokered_session=brokered_session,
                origin=origin,
                reason=reason,
                end_reason=str(end_reason),
                order=order,
            )
        tell_pages(brokered_session)
    # Every actor looks at once; one message for however many sessions.
    transaction.on_commit(lambda: announce(BROKERS, "look.again"))


def tell_order(order: StopOrder) -> None:
    """After the commit, have every page that may show the order look again."""
    sites = (
        [order.site_id]
        if order.site_id is not None
        else list(Site.objects.values_list("pk", flat=True))
    )
    topics = [site_topic(site_id) for site_id in sites if site_id is not None]
    if order.vendor_id is not None:
        topics.append(vendor_topic(order.vendor_id))

    def tell() -> None:
        for about in ("isolation", "plants"):
            tell_news(*topics, about=about)

    transaction.on_commit(tell)


def needed_reason(reason: str) -> str:
    """The reason as it is kept. Raises `NotPossible` when there is none."""
    reason = reason.strip()[:500]
    if not reason:
        raise NotPossible(
            _("Say why: the people who are stopped and the audit trail need it."),
            code="reason_missing",
        )
    return reason


def progress_of(order: StopOrder) -> Progress:
    """Read from the sessions' own rows."""
    rows = list(order.sessions.values_list("ended_at", "end_confirmed_at"))
    return Progress(
        sessions=len(rows),
        ended=sum(ended is not None for ended, _proven in rows),
        proven=sum(proven is not None for _ended, proven in rows),
        slowest_end=_slowest(order, [ended for ended, _proven in rows]),
        slowest_proof=_slowest(order, [proven for _ended, proven in rows]),
    )


def settle_orders(*, at: datetime | None = None) -> int:
    """Complete the orders whose sessions are all proven over, or whose time is up; how many."""
    at = at or timezone.now()
    settled = 0
    for order in StopOrder.objects.open():
        settled += settle(order, at=at)
    return settled


@transaction.atomic
def settle(order: StopOrder, *, at: datetime) -> bool:
    """Complete one order when there is nothing more to wait for; a drill gets its result."""
    order = (
        StopOrder.objects.select_for_update(of=("self",))
        .select_related("site", "vendor", "requested_by")
        .get(pk=order.pk)
    )
    progress = progress_of(order)
    if order.completed_at is not None or not (
        progress.finished or at - order.requested_at >= GIVE_UP
    ):
        return False
    _complete(order, at=at)
    tell_order(order)
    return True


def _complete(order: StopOrder, *, at: datetime) -> None:
    from sessions.services.drill import note_result  # it needs this module, too

    fields: dict[str, Any] = {"completed_at": at}
    if order.kind == Kind.DRILL:
        fields |= note_result(order, at=at)
    for name, value in fields.items():
        setattr(order, name, value)
    order.save(update_fields=list(fields))


def _slowest(order: StopOrder, moments: list[datetime | None]) -> float | None:
    seconds = [
        (moment - order.requested_at).total_seconds() for moment in moments if moment
    ]
    return max(0.0, *seconds) if seconds else None


def _new_order(**fields: Any) -> StopOrder:
    now = timezone.now()
    for _attempt in range(20):
        try:
            with transaction.atomic():
                return StopOrder.objects.create(
                    number=next_number(StopOrder.objects.all(), "STOP", now),
                    requested_at=now,
                    **fields,
                )
        except IntegrityError:
            continue  # the number went to another; take the next
    raise TooLate
