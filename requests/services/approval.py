"""Deciding: `approve_request` and `deny_request`, by somebody of the plant, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.transitions import transition
from requests.facts import facts_of_request, hash_of_facts, seen_by_approver
from requests.feasibility import what_stands_against
from requests.models import AccessRequest, ApprovalDecision, MaintenanceWindow
from requests.services.common import (
    guard_four_eyes,
    guard_fresh_factor,
    guard_may,
    guard_nothing_blocks,
    how_it_ended,
    how_overdue,
    lock_endpoints,
    locked_request,
    path_of,
    people_of,
    said_of,
    tell_pages,
)

# How long ago a start may be to mean "at once".
JUST_PASSED = timedelta(minutes=5)


def approve_request(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    reason: str = "",
) -> MaintenanceWindow:
    """Say yes, to the time asked for or to another one; makes the window.

    `facts_hash` is of the facts that the approver saw (`requests.facts`). Raises
    `TooLate` (code `facts_changed`) when they are others now, or somebody was first;
    `FreshFactorNeeded`; `NotAllowed`; `NotPossible` when the time cannot work.
    """
    guard_four_eyes(access_request, acting_user=acting_user, origin=origin)
    return _approve(
        access_request,
        acting_user=acting_user,
        origin=origin,
        facts_hash=facts_hash,
        opens_at=opens_at,
        closes_at=closes_at,
        reason=reason.strip(),
    )


@transaction.atomic
def _approve(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    opens_at: datetime | None,
    closes_at: datetime | None,
    reason: str,
) -> MaintenanceWindow:
    access_request = locked_request(access_request.pk)
    lock_endpoints(access_request)

    facts = _guard_decision(
        access_request, acting_user=acting_user, origin=origin, facts_hash=facts_hash
    )
    start = _start_of_window(opens_at or access_request.wanted_from, timezone.now())
    end = closes_at or access_request.wanted_until
    guard_nothing_blocks(
        what_stands_against(
            facts_of_request(access_request, viewer=acting_user, start=start, end=end)
        )
    )

    _close(access_request, AccessRequest.State.APPROVED, acting_user, reason)
    _decide(
        access_request,
        ApprovalDecision.Verdict.APPROVED,
        acting_user,
        origin,
        facts,
        reason,
    )
    window = MaintenanceWindow.objects.create(
        access_request=access_request, opens_at=start, closes_at=end
    )
    access_request.window = window

    record(
        "request.approved",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
        facts_hash=facts_hash,
        other_time=(start, end)
        != (access_request.wanted_from, access_request.wanted_until),
    )
    record(
        "window.created",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        opens_at=start.isoformat(),
        closes_at=end.isoformat(),
    )

    notify(
        people_of(access_request),
        "request.approved",
        path=path_of(access_request),
        decider=acting_user.full_name,
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request, about=("requests", "windows"))
    return window


def _start_of_window(start: datetime, now: datetime) -> datetime:
    """A start that passed while the approver typed a code means "at once", not "too late"."""
    if now - JUST_PASSED < start <= now:
        return now + timedelta(seconds=1)
    return start


def deny_request(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    reason: str,
) -> ApprovalDecision:
    """Say no, with a reason. Raises as `approve_request` does."""
    guard_four_eyes(access_request, acting_user=acting_user, origin=origin)
    return _deny(
        access_request,
        acting_user=acting_user,
        origin=origin,
        facts_hash=facts_hash,
        reason=reason.strip(),
    )


@transaction.atomic
def _deny(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    reason: str,
) -> ApprovalDecision:
    access_request = locked_request(access_request.pk)

    facts = _guard_decision(
        access_request, acting_user=acting_user, origin=origin, facts_hash=facts_hash
    )
    if not reason:
        raise NotPossible(
            _("Say why, so that %(name)s can do better next time.")
            % {"name": access_request.requested_by},
            code="reason_missing",
        )

    _close(access_request, AccessRequest.State.DENIED, acting_user, reason)
    decision = _decide(
        access_request,
        ApprovalDecision.Verdict.DENIED,
        acting_user,
        origin,
        facts,
        reason,
    )

    record(
        "request.denied",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
        facts_hash=facts_hash,
    )

    notify(
        [access_request.requested_by],
        "request.denied",
        path=path_of(access_request),
        decider=acting_user.full_name,
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request)
    return decision


def _guard_decision(
    access_request: AccessRequest, *, acting_user: User, origin: Origin, facts_hash: str
) -> dict[str, Any]:
    """The facts that the decision rests on, once everything allows it."""
    guard_may(acting_user, Action.REQUEST_DECIDE, access_request.site)
    if access_request.state != AccessRequest.State.PENDING:
        raise TooLate(how_it_ended(access_request), code="already_closed")
    if access_request.is_overdue():
        raise TooLate(how_overdue(access_request), code="overdue")
    guard_fresh_factor(origin, acting_user, access_request.site)
    facts = seen_by_approver(access_request)
    if hash_of_facts(facts) != facts_hash:
        raise TooLate(
            _("What this decision rests on has changed since you opened the page."),
            code="facts_changed",
        )
    return facts


def _close(
    access_request: AccessRequest,
    to: AccessRequest.State,
    acting_user: User,
    reason: str,
) -> None:
    transition(
        access_request,
        expected=AccessRequest.State.PENDING,
        to=to,
        closed_at=timezone.now(),
        closed_by=acting_user,
        close_reason=reason,
    )


def _decide(
    access_request: AccessRequest,
    verdict: ApprovalDecision.Verdict,
    acting_user: User,
    origin: Origin,
    facts: dict[str, Any],
    reason: str,
) -> ApprovalDecision:
    """The decision's row. Its constraints say four eyes and "once" again."""
    try:
        with transaction.atomic():
            return ApprovalDecision.objects.create(
                access_request=access_request,
                step=access_request.decisions.count() + 1,
                verdict=verdict,
                decided_by=acting_user,
                requested_by=access_request.requested_by,
                decider_vendor=acting_user.vendor,
                reason=reason,
                facts=facts,
                facts_hash=hash_of_facts(facts),
                factor=origin.factor,
                source_address=origin.address,
                user_agent=origin.user_agent,
            )
    except IntegrityError as error:
        raise TooLate from error
