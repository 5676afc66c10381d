"""Deciding: `approve_request` and `deny_request`, one person's yes or no.

A request is approved when each place of its steps is filled (`requests.steps`); the last
yes makes the window, and any no closes the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.transitions import transition
from requests.approvers import people_asked
from requests.demanded import demands_on_request
from requests.facts import facts_of_request, hash_of_facts, seen_by_approver
from requests.feasibility import what_stands_against
from requests.models import (
    AccessRequest,
    ApprovalDecision,
    ApprovalStep,
    MaintenanceWindow,
)
from requests.on_shift import ringing_for
from requests.policy.reading import demands_as_json
from requests.services.anew import outdate_proposals
from requests.services.common import (
    decision_path_of,
    factor_too_weak,
    guard_four_eyes,
    guard_nothing_blocks,
    lock_endpoints,
    locked_request,
    path_of,
    people_of,
    said_of,
    tell_pages,
)
from requests.services.emergency import owe_second_look
from requests.services.ground import Ground, ground_of, guard_decision
from requests.services.series import make_occurrences, on_release_seconds
from requests.services.window_times import span_of_window
from requests.steps import note_progress, standing_of


def approve_request(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    reason: str = "",
    together: Sequence[str] = (),
) -> MaintenanceWindow | None:
    """Say yes; the last one that is needed makes the window, the others return None.

    Who decides alone may say yes to another time, too. `facts_hash` is of the facts that
    the approver saw (`requests.facts`). `together`: the numbers of all that this person decides
    on with this one. Raises `TooLate` (code `facts_changed`) when they
    are others now, or somebody was first; `FreshFactorNeeded`; `NotAllowed`;
    `NotPossible` when the time cannot work.
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
        together=together,
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
    together: Sequence[str],
) -> MaintenanceWindow | None:
    access_request = locked_request(access_request.pk)
    lock_endpoints(access_request)

    ground = guard_decision(
        access_request, acting_user=acting_user, origin=origin, facts_hash=facts_hash
    )
    ground = ground.decided_with(together)
    start, end = span_of_window(access_request, opens_at, closes_at)
    guard_nothing_blocks(
        what_stands_against(
            facts_of_request(access_request, viewer=acting_user, start=start, end=end)
        )
    )
    if opens_at or closes_at:
        _guard_decides_alone(access_request, start, end)

    _decide(
        access_request,
        ApprovalDecision.Verdict.APPROVED,
        acting_user,
        origin,
        ground,
        reason,
    )
    if not note_progress(access_request, now=timezone.now()).complete:
        _agreed(access_request, acting_user, origin, ground, reason)
        return None
    return _make_window(
        access_request, acting_user, origin, ground, reason, start=start, end=end
    )


def _agreed(
    access_request: AccessRequest,
    acting_user: User,
    origin: Origin,
    ground: Ground,
    reason: str,
) -> None:
    """Record a yes after which others are needed still, and tell them of it."""
    record(
        "request.agreed",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
        facts_hash=hash_of_facts(ground.facts),
        places=sorted(ground.places),
        **ground.said,
    )

    notify(
        people_asked(access_request),
        "request.agreed",
        path=decision_path_of(access_request),
        ringing=ringing_for(access_request),
        decider=acting_user.full_name,
        **said_of(access_request),
    )
    tell_pages(access_request)


def _make_window(
    access_request: AccessRequest,
    acting_user: User,
    origin: Origin,
    ground: Ground,
    reason: str,
    *,
    start: datetime,
    end: datetime,
) -> MaintenanceWindow:
    """The last place is filled: the request is approved, and its window made."""
    _close(access_request, AccessRequest.State.APPROVED, acting_user, reason)
    window = MaintenanceWindow.objects.create(
        access_request=access_request,
        opens_at=start,
        closes_at=end,
        on_release_seconds=on_release_seconds(access_request),
    )
    access_request.window = window
    if access_request.emergency_at is not None:
        owe_second_look(access_request, decided_by=acting_user, origin=origin)
    made = make_occurrences(
        access_request, window, acting_user=acting_user, origin=origin
    )

    record(
        "request.approved",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
        facts_hash=hash_of_facts(ground.facts),
        other_time=access_request.emergency_at is None
        and (start, end) != (access_request.wanted_from, access_request.wanted_until),
        **ground.said,
        windows=1 + len(made),
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


def deny_request(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    reason: str,
    together: Sequence[str] = (),
) -> ApprovalDecision:
    """Say no, with a reason. `together`, and what is raised: as with `approve_request`."""
    guard_four_eyes(access_request, acting_user=acting_user, origin=origin)
    return _deny(
        access_request,
        acting_user=acting_user,
        origin=origin,
        facts_hash=facts_hash,
        reason=reason.strip(),
        together=together,
    )


@transaction.atomic
def _deny(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    reason: str,
    together: Sequence[str],
) -> ApprovalDecision:
    access_request = locked_request(access_request.pk)

    ground = guard_decision(
        access_request,
        acting_user=acting_user,
        origin=origin,
        facts_hash=facts_hash,
        denies=True,
    )
    ground = ground.decided_with(together)
    guard_says_why(access_request, reason)

    _close(access_request, AccessRequest.State.DENIED, acting_user, reason)
    decision = _decide(
        access_request,
        ApprovalDecision.Verdict.DENIED,
        acting_user,
        origin,
        ground,
        reason,
    )

    record(
        "request.denied",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
        **ground.said,
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


def guard_says_why(access_request: AccessRequest, reason: str) -> None:
    """A no has a reason, which the contractor reads."""
    if not reason:
        raise NotPossible(
            _("Say why, so that %(name)s can do better next time.")
            % {"name": access_request.requested_by},
            code="reason_missing",
        )


def agree_to_changed(
    access_request: AccessRequest, *, acting_user: User, origin: Origin, reason: str
) -> MaintenanceWindow | None:
    """The yes of who proposed the changes, now that they are accepted; under the lock.

    None where others are needed, too; or this person only later, or by a stronger factor:
    then they are asked like everybody else.
    """
    standing = standing_of(access_request, acting_user)
    if not standing.asked or factor_too_weak(access_request, origin):
        return None
    ground = ground_of(
        access_request,
        acting_user,
        seen_by_approver(access_request),
        standing.places_now,
    )
    _decide(
        access_request,
        ApprovalDecision.Verdict.APPROVED,
        acting_user,
        origin,
        ground,
        reason,
    )
    if not note_progress(access_request, now=timezone.now()).complete:
        _agreed(access_request, acting_user, origin, ground, reason)
        return None
    return _make_window(
        access_request,
        acting_user,
        origin,
        ground,
        reason,
        start=access_request.wanted_from,
        end=access_request.wanted_until,
    )


def _guard_decides_alone(
    access_request: AccessRequest, start: datetime, end: datetime
) -> None:
    """Another time is given at once only where nobody else is asked, then or now."""
    steps = ApprovalStep.objects.filter(access_request=access_request)
    alone = sum(steps.values_list("quorum", flat=True)) == 1
    demanded = demands_as_json(
        demands_on_request(access_request, start=start, end=end)
    )["steps"]
    if not alone or sum(step["quorum"] for step in demanded) > 1:
        raise NotPossible(
            _("Others have to agree to that time, too: propose it with changes."),
            code="not_alone",
        )


def _close(
    access_request: AccessRequest,
    to: AccessRequest.State,
    acting_user: User,
    reason: str,
) -> None:
    outdate_proposals(access_request)
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
    ground: Ground,
    reason: str,
) -> ApprovalDecision:
    """The decision's row. Its constraints say four eyes and "once" again."""
    try:
        with transaction.atomic():
            return ApprovalDecision.objects.create(
                access_request=access_request,
                step=access_request.decisions.count() + 1,
                verdict=verdict,
                round=access_request.round,
                places=sorted(ground.places),
                decided_by=acting_user,
                requested_by=access_request.requested_by,
                decider_vendor=acting_user.vendor,
                reason=reason,
                facts=ground.facts,
                facts_hash=hash_of_facts(ground.facts),
                factor=origin.factor,
                source_address=origin.address,
                user_agent=origin.user_agent,
            )
    except IntegrityError as error:
        raise TooLate from error
