"""Whom to ring when a site says who is on shift: what cannot wait rings those who are there.

A roster never makes anything quieter than somebody's phone ringing: where too few of those
who are asked are on shift, everybody is told as without one (so does the outbox where none
of those on shift has a phone that rings).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from accessportal.accounts.models import User
from accessportal.notifications.channels import Ringing
from accessportal.plants.models import Site
from accessportal.plants.roster import Roster, roster_of
from requests.models import AccessRequest
from requests.steps import steps_waiting


def ringing_for(
    access_request: AccessRequest, *, at: datetime | None = None
) -> Ringing | None:
    """For those whom the request asks now; None where there is no roster, or it can wait."""
    roster = roster_of(access_request.site, at=at)
    if roster is None or not cannot_wait(access_request, roster):
        return None
    at_once: set[int] = set()
    mail_only: set[int] = set()
    as_ever: set[int] = set()
    for step in steps_waiting(access_request, roster):
        here = {person.pk for person in step.on_shift}
        others = {person.pk for person in step.candidates} - here
        at_once |= here
        if len(here) >= step.missing:
            mail_only |= others
        else:
            as_ever |= others
    return Ringing(frozenset(at_once), frozenset(mail_only - at_once - as_ever))


def ringing_among(
    people: Iterable[User], site: Site, *, at: datetime | None = None
) -> Ringing | None:
    """For people of whom one is enough, and who cannot wait."""
    roster = roster_of(site, at=at)
    if roster is None:
        return None
    asked = frozenset(person.pk for person in people)
    here = asked & roster.people_now
    return Ringing(here, asked - here) if here else None


def cannot_wait(access_request: AccessRequest, roster: Roster) -> bool:
    """An emergency, or work that begins before those who are on shift go."""
    if access_request.emergency_at is not None:
        return True
    until = roster.now_until
    return until is not None and access_request.wanted_from < until
