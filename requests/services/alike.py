"""Several requests for the same work decided on at once: one look, and a decision for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.errors import NotPossible, TooLate
from accessportal.origin import Origin
from requests.alike import (
    MOST_LOOKED_AT,
    two_at_once,
    what_differs,
    why_by_itself,
)
from requests.models import AccessRequest, ApprovalDecision, MaintenanceWindow
from requests.services.approval import (
    approve_request,
    deny_request,
    guard_says_why,
)
from requests.services.common import guard_four_eyes, guard_pending, locked_request

Decided = TypeVar("Decided")


def approve_alike(
    access_requests: Sequence[AccessRequest],
    *,
    acting_user: User,
    origin: Origin,
    facts_hashes: Mapping[str, str],
    reason: str = "",
) -> list[MaintenanceWindow | None]:
    """Say yes to each of these by `approve_request`, or to none.

    `facts_hashes`: by number, of the facts of each that the approver saw. Raises as
    `approve_request` does, naming the request; `NotPossible` where one of them is not
    approved in advance, or not the same work as the others.
    """
    return _decide_each(
        access_requests,
        approve_request,
        _guard_one_after_the_other,
        acting_user=acting_user,
        origin=origin,
        facts_hashes=facts_hashes,
        reason=reason,
    )


def deny_alike(
    access_requests: Sequence[AccessRequest],
    *,
    acting_user: User,
    origin: Origin,
    facts_hashes: Mapping[str, str],
    reason: str,
) -> list[ApprovalDecision]:
    """Say no to each of these by `deny_request`, with one reason, or to none.

    Raises as `approve_alike` does; times that overlap can be denied together.
    """
    reason = reason.strip()
    return _decide_each(
        access_requests,
        deny_request,
        lambda by_time: guard_says_why(by_time[0], reason),
        acting_user=acting_user,
        origin=origin,
        facts_hashes=facts_hashes,
        reason=reason,
    )


def _decide_each(
    access_requests: Sequence[AccessRequest],
    decide: Callable[..., Decided],
    guard: Callable[[list[AccessRequest]], None],
    *,
    acting_user: User,
    origin: Origin,
    facts_hashes: Mapping[str, str],
    reason: str,
) -> list[Decided]:
    """One after the other by `decide`, once all are locked and `guard` lets them; or none."""
    for access_request in access_requests:
        guard_four_eyes(access_request, acting_user=acting_user, origin=origin)

    with transaction.atomic():
        by_time = _locked(access_requests)
        _guard_alike(by_time)
        guard(by_time)

        numbers = [one.number for one in by_time]
        made = []
        for access_request in by_time:
            with _named(access_request):
                decided = decide(
                    access_request,
                    acting_user=acting_user,
                    origin=origin,
                    facts_hash=facts_hashes.get(access_request.number, ""),
                    reason=reason,
                    together=numbers,
                )
            made.append(decided)
        return made


def guard_how_many(numbers: Sequence[str]) -> None:
    """At least one is decided on at once, and never more than the page shows.

    Raises `NotPossible`, before anything is looked up.
    """
    if not numbers:
        raise NotPossible(_("Choose at least one time."), code="none_chosen")
    if len(numbers) > MOST_LOOKED_AT:
        raise NotPossible(
            _(
                "At most %(most)s requests are decided on at once; these are %(count)s. "
                "Nothing was decided on any of them."
            )
            % {"most": MOST_LOOKED_AT, "count": len(numbers)},
            code="too_many",
        )


def _locked(access_requests: Sequence[AccessRequest]) -> list[AccessRequest]:
    """All of them before the first is decided on, locked in one order; by time.

    Whoever decides on one of them by itself meanwhile waits for us, or we for them, and never
    both.
    """
    guard_how_many([one.number for one in access_requests])
    locked = [locked_request(pk) for pk in sorted(one.pk for one in access_requests)]
    return sorted(locked, key=lambda one: one.wanted_from)


def _guard_alike(access_requests: Sequence[AccessRequest]) -> None:
    for access_request in access_requests:
        with _named(access_request):
            guard_pending(access_request)
        why = why_by_itself(access_request)
        if why:
            raise NotPossible(_refused(access_request, why), code="by_itself")
    first, *others = access_requests
    for other in others:
        what = what_differs(first, other)
        if what:
            raise NotPossible(
                _refused(
                    other,
                    _("It is not the same work as %(first)s: %(what)s.")
                    % {"first": first.number, "what": what},
                ),
                code="not_alike",
            )


def _guard_one_after_the_other(access_requests: Sequence[AccessRequest]) -> None:
    both = two_at_once(access_requests)
    if both is not None:
        raise NotPossible(
            _refused(
                both[1],
                _("It lies at the same time as %(first)s.") % {"first": both[0].number},
            ),
            code="at_once",
        )


@contextmanager
def _named(access_request: AccessRequest) -> Iterator[None]:
    """Let what refuses one of several say which."""
    try:
        yield
    except (TooLate, NotPossible) as error:
        sentence = _refused(access_request, str(error))
        raise type(error)(sentence, code=error.code) from error


def _refused(access_request: AccessRequest, why: str) -> str:
    return _("%(number)s: %(why)s Nothing was decided on any of them.") % {
        "number": access_request.number,
        "why": why,
    }
