"""Substituting a person: asked for by the vendor, decided by the plant in one tap."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User
from accessportal.accounts.services.common import needed_reason
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.transitions import transition
from requests.access import companions_to_name
from requests.facts import (
    facts_of_wish,
    requested_endpoints,
)
from requests.feasibility import what_stands_against
from requests.live_sessions import live_sessions_of
from requests.models import (
    AccessRequest,
    LaterWish,
    MaintenanceWindow,
    RequestedPerson,
    Substitution,
)
from requests.services.common import (
    guard_factor,
    guard_four_eyes,
    guard_may,
    guard_nothing_blocks,
    locked_request,
    path_of,
    people_of,
    said_of,
    tell_pages,
)
from requests.services.extension import ask_again_for_more_time
from requests.services.later_decision import (
    end_wish,
    guard_seen,
    keep_decision,
    seen_of_window,
)

State = Substitution.State


@transaction.atomic
def ask_substitution(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    leaves: User,
    comes: User,
    reason: str,
) -> Substitution:
    """Ask for `comes` in the place of `leaves`, by who asked for the work.

    Raises `NotAllowed`; `TooLate` when the window is over or a wish is open already;
    `NotPossible` for people who cannot be put in each other's place.
    """
    access_request = locked_request(access_request.pk)
    window = _window_of(access_request)

    if access_request.requested_by_id != acting_user.pk:
        raise NotAllowed
    reason = needed_reason(reason)
    _guard_people(access_request, window, leaves, comes)

    try:
        with transaction.atomic():
            wish: Substitution = Substitution.objects.create(
                access_request=access_request,
                leaves=leaves,
                comes=comes,
                reason=reason,
                asked_by=acting_user,
            )
    except IntegrityError:
        raise TooLate(
            _("The plant has not decided on the last one yet."), code="asked_already"
        ) from None

    record(
        "request.substitution.asked",
        acting_user=acting_user,
        subject=comes,
        origin=origin,
        access_request=access_request,
        reason=reason,
        leaves=leaves.full_name,
        comes=comes.full_name,
    )

    notify(
        people_who_may(Action.REQUEST_DECIDE, access_request.site),
        "request.substitution.asked",
        path=path_of(access_request),
        leaves=leaves.full_name,
        comes=comes.full_name,
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request)
    return wish


def accept_substitution(
    wish: Substitution,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str | None = None,
) -> Substitution:
    """Let `comes` in for `leaves`; the window stays. A new decision, so four eyes and a
    fresh factor. Raises as asking does."""
    guard_four_eyes(wish.access_request, acting_user=acting_user, origin=origin)
    return _accept(wish, acting_user=acting_user, origin=origin, facts_hash=facts_hash)


@transaction.atomic
def _accept(
    wish: Substitution, *, acting_user: User, origin: Origin, facts_hash: str | None
) -> Substitution:
    access_request = locked_request(wish.access_request_id)
    window = _window_of(access_request)

    guard_may(acting_user, Action.REQUEST_DECIDE, access_request.site)
    _guard_unanswered(wish)
    guard_factor(access_request, acting_user, origin)
    guard_seen(seen_of_window(window), facts_hash)
    _guard_people(access_request, window, wish.leaves, wish.comes)

    _decide(wish, State.ACCEPTED, acting_user, "")
    _put_in_place(access_request, wish.leaves, wish.comes)
    # What others are deciding on was to be done by other people.
    end_wish(window, LaterWish.State.OUTDATED, acting_user=acting_user, reason="")
    said = {
        "substitution": {
            "leaves": wish.leaves.full_name,
            "comes": wish.comes.full_name,
            "reason": wish.reason,
        }
    }
    facts = {**seen_of_window(window), **said}
    keep_decision(access_request, facts, wish.reason, acting_user, origin)

    record(
        "request.substitution.accepted",
        acting_user=acting_user,
        subject=wish.comes,
        origin=origin,
        access_request=access_request,
        reason=wish.reason,
        leaves=wish.leaves.full_name,
        comes=wish.comes.full_name,
    )

    notify(
        [wish.leaves, wish.comes, wish.asked_by],
        "request.substitution.accepted",
        path=path_of(access_request),
        decider=acting_user.full_name,
        leaves=wish.leaves.full_name,
        comes=wish.comes.full_name,
        **said_of(access_request),
    )
    ask_again_for_more_time(window)
    tell_pages(access_request, about=("requests", "windows"))
    return wish


@transaction.atomic
def refuse_substitution(
    wish: Substitution, *, acting_user: User, origin: Origin, reason: str
) -> Substitution:
    """Everybody stays who they were, for a reason that the contractor reads."""
    access_request = locked_request(wish.access_request_id)

    guard_may(acting_user, Action.REQUEST_DECIDE, access_request.site)
    _guard_unanswered(wish)
    reason = needed_reason(reason)

    _decide(wish, State.REFUSED, acting_user, reason)

    record(
        "request.substitution.refused",
        acting_user=acting_user,
        subject=wish.comes,
        origin=origin,
        access_request=access_request,
        reason=reason,
    )

    notify(
        [wish.asked_by],
        "request.substitution.refused",
        path=path_of(access_request),
        decider=acting_user.full_name,
        comes=wish.comes.full_name,
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request)
    return wish


def _window_of(access_request: AccessRequest) -> MaintenanceWindow:
    """The window that stays. Raises `TooLate` where there is none, or it is over."""
    window = MaintenanceWindow.objects.filter(access_request=access_request).first()
    over = (MaintenanceWindow.Phase.CLOSED, MaintenanceWindow.Phase.REVOKED)
    if window is None or window.phase() in over:
        raise TooLate(_("There is no window in which anybody could work."), code="over")
    window.access_request = access_request
    return window


def _guard_unanswered(wish: Substitution) -> None:
    """Raises `TooLate` where a colleague was first: the people are others by then, and what is
    said of them would not be why."""
    if not Substitution.objects.filter(pk=wish.pk, state=State.PENDING).exists():
        raise TooLate(_("A colleague has answered this already."), code="answered")


def _guard_people(
    access_request: AccessRequest,
    window: MaintenanceWindow,
    leaves: User,
    comes: User,
) -> None:
    """One who takes part, one active colleague who does not, and nobody at work now."""
    people = {person.pk for person in people_of(access_request)}
    colleagues = {one.pk for one in companions_to_name(leaves)}
    if leaves.pk not in people or comes.pk in people or comes.pk not in colleagues:
        raise NotPossible(
            _("Choose a colleague who does not take part yet."), code="not_a_colleague"
        )
    if live_sessions_of(window):
        raise NotPossible(
            _("Somebody is at work in this window now. Ask again after that."),
            code="at_work",
        )
    guard_nothing_blocks(
        [
            finding
            for finding in what_stands_against(
                facts_of_wish(
                    person=comes,
                    site=access_request.site,
                    endpoints=requested_endpoints(access_request),
                    start=max(window.opens_at, timezone.now()),
                    end=window.closes_at,
                    purpose=access_request.purpose,
                    own_request=access_request,
                )
            )
            if finding.code not in BEGUN
        ]
    )


BEGUN = frozenset({"start_passed", "too_soon", "too_far", "too_long"})
"""About a time that has been agreed to already."""


def _put_in_place(access_request: AccessRequest, leaves: User, comes: User) -> None:
    if access_request.requested_by_id == leaves.pk:
        AccessRequest.objects.filter(pk=access_request.pk).update(requested_by=comes)
        access_request.requested_by = comes
        return
    RequestedPerson.objects.filter(access_request=access_request, user=leaves).update(
        user=comes
    )


def _decide(
    wish: Substitution, state: Substitution.State, acting_user: User, reason: str
) -> None:
    now: datetime = timezone.now()
    transition(
        wish,
        expected=State.PENDING,
        to=state,
        decided_by=acting_user,
        decided_at=now,
        decision_reason=reason,
    )
