"""What a decision on a request rests on, once everything allows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, TooLate
from accessportal.origin import Origin
from requests.facts import hash_of_facts, seen_by_approver
from requests.lent import said_of_lent_agreement
from requests.models import AccessRequest
from requests.services.common import guard_factor, how_it_ended, how_overdue
from requests.steps import standing_of


class Ground(NamedTuple):
    """What a decision rests on: the facts seen, and the places that the person could fill.

    said: what else the trail says of it, as whose place it is where that was lent.
    """

    facts: dict[str, Any]
    places: frozenset[str]
    said: dict[str, Any]

    def decided_with(self, numbers: Sequence[str]) -> Ground:
        """This, where the trail names all that are decided on together; empty: it alone."""
        if not numbers:
            return self
        return self._replace(said={**self.said, "together": list(numbers)})


def ground_of(
    access_request: AccessRequest,
    acting_user: User,
    facts: dict[str, Any],
    places: frozenset[str],
) -> Ground:
    lent = said_of_lent_agreement(
        acting_user, places, access_request.steps.all(), access_request.site
    )
    return Ground(facts, places, lent)


def guard_decision(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    denies: bool = False,
) -> Ground:
    """What the decision rests on, once everything allows it.

    denies: whoever has said yes already may still say no, until the request is closed.
    """
    standing = standing_of(access_request, acting_user)
    if not standing.places:
        raise NotAllowed
    if access_request.state != AccessRequest.State.PENDING:
        raise TooLate(how_it_ended(access_request), code="already_closed")
    if access_request.is_overdue():
        raise TooLate(how_overdue(access_request), code="overdue")
    if not standing.asked and not (denies and standing.given):
        raise TooLate(standing.why_not(), code="not_asked")
    guard_factor(access_request, acting_user, origin)
    facts = seen_by_approver(access_request)
    if hash_of_facts(facts) != facts_hash:
        raise TooLate(
            _("What this decision rests on has changed since you opened the page."),
            code="facts_changed",
        )
    return ground_of(access_request, acting_user, facts, standing.places_now)
