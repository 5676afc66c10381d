"""The line is down: `submit_emergency`, the look that its approval owes (`owe_second_look`), and
`withdraw_emergency` by who was passed over."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.numbers import next_number
from accessportal.origin import Origin
from accessportal.plants.models import Site
from accessportal.words import length_words
from requests.access import endpoints_to_ask_for
from requests.approvers import passed_over, people_asked, was_passed_over
from requests.demanded import demands_now, demands_on_wish
from requests.facts import facts_of_wish
from requests.feasibility import what_stands_against
from requests.lent import said_of_lent_look
from requests.models import (
    AccessRequest,
    EmergencyLook,
    MaintenanceWindow,
    RequestedEndpoint,
    SkippedStep,
)
from requests.models.later_look import LOOK_DUE_AFTER
from requests.on_shift import ringing_among, ringing_for
from requests.policy.evaluation import in_an_emergency
from requests.services.common import (
    decision_path_of,
    guard_nothing_blocks,
    path_of,
    said_of,
    tell_pages,
)
from requests.services.window import end_window, locked_window
from requests.steps import ask_steps
from requests.wording import moment_words

logger = logging.getLogger(__name__)

NUMBER_TRIES = 8
MINUTES = (30, 60, 120, 240)
REASON_AT_MOST = 2000


@dataclass(frozen=True, kw_only=True)
class Emergency:
    """What is needed at once. `person` is let in; `endpoint_ids` as they came; `minutes`: one
    of `MINUTES`, from the moment of the yes."""

    site: Site
    person: User
    endpoint_ids: Iterable[int]
    permission: str
    reason: str
    purpose: str
    minutes: int


def submit_emergency(
    emergency: Emergency,
    *,
    acting_user: User,
    origin: Origin,
    submission_key: uuid.UUID,
) -> AccessRequest:
    """Ask to be let in at once, or ask it for a vendor's person. The same `submission_key`
    again returns the first one's request.

    Raises `NotAllowed` for who may not, `NotPossible` for what cannot work even now.
    """
    for _attempt in range(NUMBER_TRIES):
        try:
            return _submit(
                emergency,
                acting_user=acting_user,
                origin=origin,
                submission_key=submission_key,
            )
        except IntegrityError as collision:
            # Somebody else got the same number (or forged a key): start again.
            logger.info("Emergency collided: %s", collision)
    raise TooLate


@transaction.atomic
def _submit(
    emergency: Emergency,
    *,
    acting_user: User,
    origin: Origin,
    submission_key: uuid.UUID,
) -> AccessRequest:
    person = (
        User.objects.select_for_update(of=("self",))
        .select_related("vendor")
        .get(pk=emergency.person.pk)
    )
    first = AccessRequest.objects.filter(
        submission_key=submission_key, emergency_by=acting_user
    ).first()
    if first is not None:
        return first

    _guard_may_open(acting_user, person, emergency.site)
    reason = emergency.reason.strip()
    if not 1 <= len(reason) <= REASON_AT_MOST:
        raise NotPossible(
            _("Say what has happened, in at most %(most)s characters.")
            % {"most": REASON_AT_MOST},
            code="reason_missing",
        )
    if emergency.minutes not in MINUTES:
        raise NotPossible(
            _("Choose how long it will take."), code="minutes_out_of_range"
        )
    asked_ids = set(emergency.endpoint_ids)
    endpoints = [
        endpoint
        for endpoint in endpoints_to_ask_for(person, emergency.site)
        if endpoint.pk in asked_ids
    ]
    now = timezone.now()
    until = now + timedelta(minutes=emergency.minutes)
    policy, ordinary = demands_on_wish(
        person=person,
        site=emergency.site,
        endpoints=endpoints,
        permission=emergency.permission,
        start=now,
        end=until,
    )
    demands = in_an_emergency(ordinary)
    guard_nothing_blocks(
        what_stands_against(
            facts_of_wish(
                person=person,
                site=emergency.site,
                endpoints=endpoints,
                start=now,
                end=until,
                purpose=emergency.purpose,
                unknown_endpoints=len(asked_ids) - len(endpoints),
                viewer=acting_user,
                now=now,
                demands=demands,
                emergency=True,
            )
        )
    )

    assert person.vendor is not None  # guarded above
    access_request = AccessRequest.objects.create(
        number=next_number(AccessRequest.objects.all(), "REQ", now),
        site=emergency.site,
        requested_by=person,
        vendor=person.vendor,
        permission=AccessRequest.Permission(emergency.permission),
        purpose=emergency.purpose.strip(),
        wanted_from=now,
        wanted_until=until,
        submitted_at=now,
        submission_key=submission_key,
        policy=policy,
        emergency_at=now,
        emergency_by=acting_user,
        emergency_reason=reason,
    )
    RequestedEndpoint.objects.bulk_create(
        RequestedEndpoint(access_request=access_request, endpoint=endpoint)
        for endpoint in endpoints
    )
    ask_steps(access_request, demands, now=now)

    # Where it was asked from is looked for under this name, as with every request.
    record(
        "request.submitted",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        machines=[str(endpoint) for endpoint in endpoints],
        permission=access_request.permission,
        wanted_from=now.isoformat(),
        wanted_until=until.isoformat(),
        policy=policy.version if policy else None,
        rules=list(demands.rules),
    )
    record(
        "emergency.requested",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
        person=person.full_name,
        minutes=emergency.minutes,
        asked=[step.who for step in demands.steps],
        ordinarily=[step.who for step in ordinary.steps],
    )

    notify(
        [one for one in people_asked(access_request) if one.pk != acting_user.pk],
        "emergency.asked",
        path=decision_path_of(access_request),
        ringing=ringing_for(access_request),
        **said_of_emergency(access_request),
    )
    tell_pages(access_request)
    return access_request


def owe_second_look(
    access_request: AccessRequest, *, decided_by: User, origin: Origin
) -> None:
    """Within the approval: keep whom the ordinary policy would have asked, and tell them."""
    due_at = timezone.now() + LOOK_DUE_AFTER
    look = EmergencyLook.objects.create(
        access_request=access_request, look_due_at=due_at
    )
    whos = [
        who
        for step in demands_now(access_request).steps
        for who in (step.who, step.deputy)
        if who
    ]
    SkippedStep.objects.bulk_create(
        SkippedStep(look=look, who=who) for who in dict.fromkeys(whos)
    )

    record(
        "emergency.let_in",
        acting_user=decided_by,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=access_request.emergency_reason,
        passed_over=[person.full_name for person in passed_over(look)],
        look_due_at=due_at.isoformat(),
    )

    passed = passed_over(look)
    notify(
        passed,
        "emergency.let_in",
        path=path_of(access_request),
        ringing=ringing_among(passed, access_request.site),
        decider=decided_by.full_name,
        emergency=access_request.emergency_reason,
        due=lambda: moment_words(due_at, access_request.site.time_zone),
        **said_of(access_request),
    )


def withdraw_emergency(
    window: MaintenanceWindow, *, acting_user: User, origin: Origin, reason: str
) -> MaintenanceWindow:
    """End an emergency's window at once, by somebody who would ordinarily have been asked.

    Needs no right to revoke windows and no fresh factor. Raises as `revoke_window` does.
    """
    return _withdraw(
        window, acting_user=acting_user, origin=origin, reason=reason.strip()
    )


@transaction.atomic
def _withdraw(
    window: MaintenanceWindow, *, acting_user: User, origin: Origin, reason: str
) -> MaintenanceWindow:
    window = locked_window(window)
    access_request = window.access_request

    if not was_passed_over(acting_user, access_request):
        raise NotAllowed

    end_window(window, acting_user=acting_user, origin=origin, reason=reason)

    record(
        "emergency.withdrawn",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
        **said_of_lent_look(acting_user, access_request.emergency_look),
    )

    let_in = [one.decided_by for one in access_request.decisions.filter(round__gt=0)]
    notify(
        [one for one in let_in if one.pk != acting_user.pk],
        "emergency.withdrawn",
        path=path_of(access_request),
        name=acting_user.full_name,
        reason=reason,
        **said_of(access_request),
    )
    return window


def said_of_emergency(access_request: AccessRequest) -> dict[str, Any]:
    """The facts that messages about an emergency are worded with."""
    length = access_request.wanted_until - access_request.wanted_from
    return {
        **said_of(access_request),
        "emergency": access_request.emergency_reason,
        "opened_by": str(access_request.emergency_by),
        "length": lambda: length_words(length.total_seconds()),
    }


def _guard_may_open(acting_user: User, person: User, site: Site) -> None:
    """A vendor's person for themselves; the plant for a vendor's person, at its own site."""
    if person.vendor is None or not may(person, Action.REQUEST_SUBMIT):
        raise NotAllowed
    if acting_user.vendor_id is not None:
        if acting_user.pk != person.pk:
            raise NotAllowed
    elif not may(acting_user, Action.EMERGENCY_OPEN, site):
        raise NotAllowed
