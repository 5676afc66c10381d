"""Approving with changes: an approver proposes narrower access or another time, and the
contractor accepts with one tap or declines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.plants.models import Endpoint
from accessportal.transitions import transition
from requests.facts import (
    facts_of_request,
    hash_of_facts,
    requested_endpoints,
    seen_by_approver,
)
from requests.feasibility import what_stands_against
from requests.models import (
    AccessRequest,
    MaintenanceWindow,
    ProposedChange,
    RequestedEndpoint,
)
from requests.services.anew import begin_anew
from requests.services.approval import agree_to_changed
from requests.services.common import (
    decision_path_of,
    guard_four_eyes,
    guard_no_emergency,
    guard_nothing_blocks,
    guard_pending,
    lock_endpoints,
    locked_request,
    path_of,
    said_of,
    tell_pages,
)
from requests.services.ground import guard_decision


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is proposed, whole: another time, or less than was asked for."""

    wanted_from: datetime
    wanted_until: datetime
    permission: str
    endpoint_ids: Collection[int]
    attendance_required: bool


def propose_changes(
    access_request: AccessRequest,
    changes: Changes,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    reason: str = "",
) -> ProposedChange:
    """Say yes to a changed request, if the contractor accepts it.

    Raises as `approve_request` does; `NotPossible` also for what is no change, or more
    than was asked for; `TooLate` while another proposal is open.
    """
    guard_four_eyes(access_request, acting_user=acting_user, origin=origin)
    return _propose(
        access_request,
        changes,
        acting_user=acting_user,
        origin=origin,
        facts_hash=facts_hash,
        reason=reason.strip(),
    )


@transaction.atomic
def _propose(
    access_request: AccessRequest,
    changes: Changes,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    reason: str,
) -> ProposedChange:
    access_request = locked_request(access_request.pk)

    ground = guard_decision(
        access_request, acting_user=acting_user, origin=origin, facts_hash=facts_hash
    )
    guard_no_emergency(access_request)
    if access_request.proposals.filter(state=ProposedChange.State.PENDING).exists():
        raise TooLate(
            _("Changes are proposed already; the contractor has not answered yet."),
            code="proposed_already",
        )
    kept = _kept(access_request, changes)
    guard_nothing_blocks(
        what_stands_against(
            facts_of_request(
                access_request,
                viewer=acting_user,
                start=changes.wanted_from,
                end=changes.wanted_until,
            )
        )
    )

    proposal: ProposedChange = ProposedChange.objects.create(
        access_request=access_request,
        wanted_from=changes.wanted_from,
        wanted_until=changes.wanted_until,
        permission=changes.permission,
        endpoints=[endpoint.pk for endpoint in kept],
        attendance_required=changes.attendance_required,
        reason=reason,
        proposed_by=acting_user,
        facts_hash=facts_hash,
        factor=origin.factor,
        source_address=origin.address,
        user_agent=origin.user_agent,
    )

    record(
        "request.change.proposed",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
        facts_hash=facts_hash,
        machines=[str(endpoint) for endpoint in kept],
        permission=changes.permission,
        attendance=changes.attendance_required,
        wanted_from=changes.wanted_from.isoformat(),
        wanted_until=changes.wanted_until.isoformat(),
        **ground.said,
    )

    notify(
        [access_request.requested_by],
        "request.change.proposed",
        path=path_of(access_request),
        decider=acting_user.full_name,
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request)
    return proposal


def _kept(access_request: AccessRequest, changes: Changes) -> list[Endpoint]:
    """The machines that stay. Raises `NotPossible` unless it is less, or another time."""
    endpoints = requested_endpoints(access_request)
    kept = [one for one in endpoints if one.pk in set(changes.endpoint_ids)]
    if not kept:
        raise NotPossible(_("Leave at least one machine."), code="endpoint_missing")
    control = AccessRequest.Permission.CONTROL
    if changes.permission == control and access_request.permission != control:
        raise NotPossible(
            _("Propose what was asked for, or less of it."), code="more_than_asked"
        )
    other_time = (changes.wanted_from, changes.wanted_until) != (
        access_request.wanted_from,
        access_request.wanted_until,
    )
    if access_request.recurrence and other_time:
        raise NotPossible(
            _("This repeats: its times stay. Propose less of it, or deny it."),
            code="repeats",
        )
    length = changes.wanted_until - changes.wanted_from
    if length < timedelta(minutes=access_request.on_release_minutes or 0):
        raise NotPossible(
            _("On release: the work is longer than the time it should lie in."),
            code="release_longer_than_window",
        )
    same = (
        kept == endpoints
        and changes.permission == access_request.permission
        and changes.attendance_required <= access_request.attendance_required
        and not other_time
    )
    if same:
        raise NotPossible(_("That is what was asked for: approve it."), code="same")
    return kept


@transaction.atomic
def accept_changes(
    proposal: ProposedChange, *, acting_user: User, origin: Origin
) -> MaintenanceWindow | None:
    """Take what was proposed, by the one who asked: the request is that from now on.

    What others had agreed to is void; the proposer's yes counts. Returns the window where
    nobody else is needed. Raises `NotAllowed`, `TooLate`, `NotPossible`.
    """
    access_request = locked_request(proposal.access_request_id)
    lock_endpoints(access_request)
    proposal = ProposedChange.objects.select_related("proposed_by").get(pk=proposal.pk)

    _guard_answer(proposal, access_request, acting_user)
    if hash_of_facts(seen_by_approver(access_request)) != proposal.facts_hash:
        raise TooLate(
            _("What the proposal rests on has changed since. Ask the plant."),
            code="facts_changed",
        )

    _answer(proposal, ProposedChange.State.ACCEPTED)
    _apply(proposal, access_request)
    voided = begin_anew(access_request)
    guard_nothing_blocks(
        what_stands_against(facts_of_request(access_request, viewer=acting_user))
    )

    record(
        "request.change.accepted",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        proposed_by=str(proposal.proposed_by),
        voided=[str(person) for person in voided],
    )

    notify(
        [person for person in voided if person.pk != proposal.proposed_by_id],
        "request.changed",
        path=decision_path_of(access_request),
        by=acting_user.full_name,
        **said_of(access_request),
    )
    tell_pages(access_request)
    return agree_to_changed(
        access_request,
        acting_user=proposal.proposed_by,
        origin=Origin(
            address=proposal.source_address,
            factor=proposal.factor,
            user_agent=proposal.user_agent,
        ),
        reason=proposal.reason,
    )


@transaction.atomic
def decline_changes(
    proposal: ProposedChange, *, acting_user: User, origin: Origin
) -> ProposedChange:
    """Stay with what was asked for; the plant decides on that. Raises as accepting does."""
    access_request = locked_request(proposal.access_request_id)
    proposal = ProposedChange.objects.select_related("proposed_by").get(pk=proposal.pk)

    _guard_answer(proposal, access_request, acting_user)

    _answer(proposal, ProposedChange.State.DECLINED)

    record(
        "request.change.declined",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        proposed_by=str(proposal.proposed_by),
    )

    notify(
        [proposal.proposed_by],
        "request.change.declined",
        path=path_of(access_request),
        **said_of(access_request),
    )
    tell_pages(access_request)
    return proposal


def _guard_answer(
    proposal: ProposedChange, access_request: AccessRequest, acting_user: User
) -> None:
    if access_request.requested_by_id != acting_user.pk:
        raise NotAllowed
    guard_pending(access_request)
    if proposal.state != ProposedChange.State.PENDING:
        raise TooLate(_("This proposal is answered already."), code="answered")


def _answer(proposal: ProposedChange, state: ProposedChange.State) -> None:
    transition(
        proposal,
        expected=ProposedChange.State.PENDING,
        to=state,
        answered_at=timezone.now(),
    )


def _apply(proposal: ProposedChange, access_request: AccessRequest) -> None:
    """The request is what was proposed; who only looks pastes nothing."""
    looks = proposal.permission == AccessRequest.Permission.VIEW
    fields = {
        "wanted_from": proposal.wanted_from,
        "wanted_until": proposal.wanted_until,
        "permission": proposal.permission,
        "attendance_required": proposal.attendance_required,
        "clipboard_in": access_request.clipboard_in and not looks,
    }
    AccessRequest.objects.filter(pk=access_request.pk).update(**fields)
    for name, value in fields.items():
        setattr(access_request, name, value)
    RequestedEndpoint.objects.filter(access_request=access_request).exclude(
        endpoint__in=proposal.endpoints
    ).delete()


def said_of_changes(
    access_request: AccessRequest, proposal: ProposedChange
) -> Sequence[str]:
    """The codes of what is another than asked for: time, permission, machines, attendance."""
    found = []
    if (proposal.wanted_from, proposal.wanted_until) != (
        access_request.wanted_from,
        access_request.wanted_until,
    ):
        found.append("time")
    if proposal.permission != access_request.permission:
        found.append("permission")
    if len(proposal.endpoints) < access_request.endpoints.count():
        found.append("machines")
    if proposal.attendance_required and not access_request.attendance_required:
        found.append("attendance")
    return found
