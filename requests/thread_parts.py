"""What the pages of a request show of its thread, of a proposal, and of the match words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.access import companions_to_name
from requests.match_words import match_words
from requests.models import (
    AccessRequest,
    MaintenanceWindow,
    ProposedChange,
    Substitution,
)
from requests.services.proposal import said_of_changes
from requests.services.thread import may_write


def about_changes(
    access_request: AccessRequest,
    user: User,
    *,
    endpoints: list[Endpoint],
    companions: list[User],
    places: frozenset[str],
) -> dict[str, Any]:
    """Context of both pages: the thread, the open proposal, and the two words. `places` of its
    steps that `user` may fill."""
    people = [access_request.requested_by, *companions]
    pending = access_request.state == AccessRequest.State.PENDING
    proposal = (
        access_request.proposals.filter(state=ProposedChange.State.PENDING)
        .select_related("proposed_by")
        .first()
        if pending
        else None
    )
    return {
        "thread": list(access_request.messages.select_related("author")),
        "may_write": may_write(user, people, places),
        "proposal": proposal,
        "proposal_changes": (
            said_of_changes(access_request, proposal) if proposal else []
        ),
        "proposal_machines": [
            endpoint
            for endpoint in endpoints
            if proposal and endpoint.pk in proposal.endpoints
        ],
        **_about_people(access_request, user, people),
        "match_words": _words_for(access_request, user, people),
    }


def _about_people(
    access_request: AccessRequest, user: User, people: list[User]
) -> dict[str, Any]:
    """The open wish for another person, and whether and whom this person may ask for."""
    wish = (
        access_request.substitutions.filter(state=Substitution.State.PENDING)
        .select_related("leaves", "comes")
        .first()
    )
    window: MaintenanceWindow | None = getattr(access_request, "window", None)
    phases = MaintenanceWindow.Phase
    stays = window is not None and window.phase() in (phases.SCHEDULED, phases.OPEN)
    taking_part = {person.pk for person in people}
    colleagues = (
        [one for one in companions_to_name(user) if one.pk not in taking_part]
        if stays and access_request.requested_by_id == user.pk
        else []
    )
    return {
        "substitution": wish if stays else None,
        "may_substitute": bool(colleagues) and wish is None,
        "people": people,
        "colleagues": colleagues,
    }


def _words_for(access_request: AccessRequest, user: User, people: list[User]) -> str:
    """Only for both ends of the call."""
    if user.vendor_id is not None and user.pk not in {person.pk for person in people}:
        return ""
    return both_match_words(access_request)


def both_match_words(access_request: AccessRequest) -> str:
    """In the reader's language, and in the other one."""
    here = get_language() or "en"
    there = "en" if here.startswith("de") else "de"
    key = access_request.match_key
    return f"{match_words(key, here)} ({match_words(key, there)})"
