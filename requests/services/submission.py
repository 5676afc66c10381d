"""Asking: `submit_request`, `withdraw_request`, and what happens when nobody decides."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, PortalError, TooLate
from accessportal.notifications import notify
from accessportal.numbers import next_number
from accessportal.origin import SYSTEM, Origin
from accessportal.plants.models import Endpoint, Site
from accessportal.transitions import transition
from requests.access import companions_to_name, endpoints_to_ask_for
from requests.approvers import people_asked, people_concerned
from requests.demanded import demands_at, demands_on_wish
from requests.facts import facts_of_wish
from requests.feasibility import what_stands_against
from requests.models import AccessRequest, RequestedEndpoint, RequestedPerson
from requests.on_shift import ringing_for
from requests.policy.rules import Demands
from requests.series import judged
from requests.services.attachments import hand_in
from requests.services.common import (
    decision_path_of,
    guard_nothing_blocks,
    guard_pending,
    locked_request,
    path_of,
    said_of,
    tell_pages,
)
from requests.services.series import guard_times, keep_occurrences, times_of_wish
from requests.steps import ask_steps
from requests.wishes import WishFacts

logger = logging.getLogger(__name__)

NUMBER_TRIES = 8
RELEASE_AT_LEAST = 5
TOLERANCE_AT_MOST = 240
REMIND_BEFORE = timedelta(hours=1)
REMIND_EVERY = timedelta(days=1)
REMIND_NOT_WITHIN = timedelta(minutes=15)  # of the submission: it is news itself


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a contractor asks for. Times are aware; ids of endpoints are as they came."""

    site: Site
    endpoint_ids: Iterable[int]
    permission: str
    purpose: str
    wanted_from: datetime
    wanted_until: datetime
    clipboard_in: bool = False
    clipboard_out: bool = False
    work_order: str = ""
    companion_ids: Iterable[int] = ()
    # A rule of `requests.recurrence`, and the days of the plant that are left out and added.
    recurrence: str = ""
    skips: frozenset[date] = frozenset()
    extras: frozenset[date] = frozenset()
    on_release_minutes: int | None = None
    tolerance_minutes: int = 0


def submit_request(
    wish: Wish, *, acting_user: User, origin: Origin, submission_key: uuid.UUID
) -> AccessRequest:
    """Ask for access. The same `submission_key` again returns the first one's request.

    Raises `NotAllowed` for who may not ask, `NotPossible` for a wish that cannot work.
    """
    for _attempt in range(NUMBER_TRIES):
        try:
            return _submit(
                wish,
                acting_user=acting_user,
                origin=origin,
                submission_key=submission_key,
            )
        except IntegrityError as collision:
            # Somebody else got the same number (or forged a key): start again.
            logger.info("Submission collided: %s", collision)
    raise TooLate


@transaction.atomic
def _submit(
    wish: Wish, *, acting_user: User, origin: Origin, submission_key: uuid.UUID
) -> AccessRequest:
    # One person's submissions wait for each other: a double click meets its first half.
    User.objects.select_for_update(of=("self",)).get(pk=acting_user.pk)
    first = AccessRequest.objects.filter(
        submission_key=submission_key, requested_by=acting_user
    ).first()
    if first is not None:
        return first

    if acting_user.vendor is None or not may(acting_user, Action.REQUEST_SUBMIT):
        raise NotAllowed
    asked_ids = set(wish.endpoint_ids)
    endpoints = [
        endpoint
        for endpoint in endpoints_to_ask_for(acting_user, wish.site)
        if endpoint.pk in asked_ids
    ]
    named_ids = set(wish.companion_ids)
    companions = [one for one in companions_to_name(acting_user) if one.pk in named_ids]
    guard_release(wish)
    vendor = acting_user.vendor
    spans = times_of_wish(wish)
    wish = replace(wish, wanted_from=spans[0].start, wanted_until=spans[0].end)
    policy, demands = demands_on_wish(
        person=acting_user,
        site=wish.site,
        endpoints=endpoints,
        permission=wish.permission,
        start=wish.wanted_from,
        end=wish.wanted_until,
    )
    facts = facts_of(wish, endpoints, acting_user, companions, demands)
    guard_nothing_blocks(what_stands_against(facts))
    guard_times(
        wish,
        judged(
            facts,
            wish.site,
            endpoints,
            spans,
            demands_of=lambda span: demands_at(
                policy,
                site=wish.site,
                endpoints=endpoints,
                vendor=vendor,
                permission=wish.permission,
                start=span.start,
                end=span.end,
            ),
        ),
    )

    now = timezone.now()
    access_request = AccessRequest.objects.create(
        number=next_number(AccessRequest.objects.all(), "REQ", now),
        site=wish.site,
        requested_by=acting_user,
        vendor=acting_user.vendor,
        permission=AccessRequest.Permission(wish.permission),
        clipboard_in=wish.clipboard_in,
        clipboard_out=wish.clipboard_out,
        purpose=wish.purpose.strip(),
        work_order=wish.work_order.strip(),
        wanted_from=wish.wanted_from,
        wanted_until=wish.wanted_until,
        submitted_at=now,
        submission_key=submission_key,
        policy=policy,
        recurrence=wish.recurrence,
        on_release_minutes=wish.on_release_minutes,
        tolerance_minutes=wish.tolerance_minutes,
    )
    keep_occurrences(access_request, spans)
    RequestedEndpoint.objects.bulk_create(
        RequestedEndpoint(access_request=access_request, endpoint=endpoint)
        for endpoint in endpoints
    )
    RequestedPerson.objects.bulk_create(
        RequestedPerson(access_request=access_request, user=companion)
        for companion in companions
    )
    ask_steps(access_request, demands, now=now)

    hand_in(access_request, acting_user=acting_user, origin=origin)
    record(
        "request.submitted",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        machines=[str(endpoint) for endpoint in endpoints],
        companions=[companion.full_name for companion in companions],
        permission=access_request.permission,
        wanted_from=access_request.wanted_from.isoformat(),
        wanted_until=access_request.wanted_until.isoformat(),
        work_order=access_request.work_order,
        policy=policy.version if policy else None,
        rules=list(demands.rules),
        rule=wish.recurrence,
        times=len(spans),
    )

    notify(
        people_asked(access_request),
        "request.submitted",
        path=decision_path_of(access_request),
        ringing=ringing_for(access_request),
        **said_of(access_request),
    )
    tell_pages(access_request)
    return access_request


def guard_release(wish: Wish) -> None:
    """On release: at least 5 minutes, and not more than the time it lies in."""
    minutes = wish.on_release_minutes
    if minutes is None:
        return
    if minutes < RELEASE_AT_LEAST:
        raise NotPossible(
            _("On release: say at least %(least)s minutes.")
            % {"least": RELEASE_AT_LEAST},
            code="release_out_of_range",
        )
    if timedelta(minutes=minutes) > wish.wanted_until - wish.wanted_from:
        raise NotPossible(
            _("On release: the work is longer than the time it should lie in."),
            code="release_longer_than_window",
        )
    if not 0 <= wish.tolerance_minutes <= TOLERANCE_AT_MOST:
        raise NotPossible(
            _("A delay of at most %(most)s minutes can be agreed on.")
            % {"most": TOLERANCE_AT_MOST},
            code="tolerance_out_of_range",
        )


def facts_of(
    wish: Wish,
    endpoints: list[Endpoint],
    person: User,
    companions: list[User],
    demands: Demands,
    *,
    own: AccessRequest | None = None,
) -> WishFacts:
    """The facts about a wish whose known endpoints and people are these."""
    return facts_of_wish(
        person=person,
        site=wish.site,
        endpoints=endpoints,
        start=wish.wanted_from,
        end=wish.wanted_until,
        purpose=wish.purpose,
        unknown_endpoints=len(set(wish.endpoint_ids)) - len(endpoints),
        companions=companions,
        unknown_companions=len(set(wish.companion_ids)) - len(companions),
        viewer=person,
        demands=demands,
        own_request=own,
    )


@transaction.atomic
def withdraw_request(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    reason: str = "",
) -> AccessRequest:
    """Take one's own pending request back. Raises `TooLate` when it is decided already."""
    access_request = locked_request(access_request.pk)

    if access_request.requested_by_id != acting_user.pk:
        raise NotAllowed
    guard_pending(access_request)

    transition(
        access_request,
        expected=AccessRequest.State.PENDING,
        to=AccessRequest.State.WITHDRAWN,
        closed_at=timezone.now(),
        closed_by=acting_user,
        close_reason=reason,
    )

    record(
        "request.withdrawn",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
    )

    notify(
        people_concerned(access_request),
        "request.withdrawn",
        path=path_of(access_request),
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request)
    return access_request


@transaction.atomic
def expire_request(
    access_request: AccessRequest, *, acting_user: None = None, origin: Origin = SYSTEM
) -> AccessRequest:
    """Close a pending request whose start has passed. Raises `TooLate` when it is not one."""
    access_request = locked_request(access_request.pk)

    if not access_request.is_overdue():
        raise TooLate

    transition(
        access_request,
        expected=AccessRequest.State.PENDING,
        to=AccessRequest.State.EXPIRED,
        closed_at=timezone.now(),
    )

    record(
        "request.expired",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
    )

    notify(
        [access_request.requested_by],
        "request.expired",
        path=path_of(access_request),
        **said_of(access_request),
    )
    tell_pages(access_request)
    return access_request


def expire_overdue_requests(*, at: datetime | None = None) -> int:
    """Expire what nobody decided on in time; one transaction each. Returns how many."""
    expired = 0
    for access_request in AccessRequest.objects.overdue(at=at).order_by("wanted_from"):
        try:
            expire_request(access_request)
        except PortalError:  # somebody was first: that is fine
            continue
        expired += 1
    return expired


def remind_of_pending_requests(*, at: datetime | None = None) -> int:
    """Remind who is asked: once a day, and once when it begins within an hour. How many."""
    at = at or timezone.now()
    return sum(_remind(pk, at) for pk in _to_remind_of(at).values_list("pk", flat=True))


def _to_remind_of(at: datetime) -> QuerySet[AccessRequest]:
    last = Coalesce("reminded_at", "submitted_at")
    soon = Q(
        wanted_from__lte=at + REMIND_BEFORE, submitted_at__lte=at - REMIND_NOT_WITHIN
    ) & (Q(reminded_at=None) | Q(reminded_at__lt=F("wanted_from") - REMIND_BEFORE))
    return (
        AccessRequest.objects.awaiting_decision(at=at)
        .annotate(last_told_at=last)
        .filter(soon | Q(last_told_at__lte=at - REMIND_EVERY))
    )


@transaction.atomic
def _remind(pk: int, at: datetime) -> bool:
    access_request = locked_request(pk)
    if not _to_remind_of(at).filter(pk=pk).exists():  # somebody was first
        return False
    AccessRequest.objects.filter(pk=pk).update(reminded_at=at)
    notify(
        people_asked(access_request),
        "request.reminder",
        path=decision_path_of(access_request),
        ringing=ringing_for(access_request, at=at),
        **said_of(access_request),
    )
    return True
