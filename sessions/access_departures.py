"""Guarded fetches of departures: the plant's, a sponsor's, a coordinator's own company's."""

from __future__ import annotations

from django.db.models import QuerySet

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.accounts.vendor_rights import may_vouch
from accessportal.errors import NotAllowed, NotKnown
from sessions.models import Departure


def departures_visible_to(user: User) -> QuerySet[Departure]:
    """Those this person may see. Raises `NotAllowed` for who has nothing to see here."""
    sees = (
        user.coordinates
        if user.vendor_id is not None
        else may(user, Action.VENDOR_SEE) or user.sponsored_vendors.exists()
    )
    if not sees:
        raise NotAllowed
    return Departure.objects.visible_to(user).select_related(
        "person__vendor", "vendor__sponsor", "reported_by__vendor", "acknowledged_by"
    )


def departures_reportable_by(user: User) -> QuerySet[Departure]:
    """Those that somebody of the plant may take out as a report. Raises `NotAllowed`."""
    if user.vendor_id is not None:
        raise NotAllowed
    return departures_visible_to(user)


def reads_revocations(user: User) -> bool:
    """Whether report R7, which is of everybody, is for this person."""
    return may(user, Action.PERMISSION_SEE)


def departure_visible_to(user: User, number: str) -> Departure:
    departure = (
        Departure.objects.visible_to(user)
        .select_related(
            "person__vendor",
            "vendor__sponsor",
            "reported_by__vendor",
            "acknowledged_by",
        )
        .filter(number=number)
        .first()
    )
    if departure is None:
        raise NotKnown
    return departure


def departure_confirmable_by(user: User, number: str) -> Departure:
    departure = departure_visible_to(user, number)
    if not may_vouch(user, departure.vendor):
        raise NotAllowed
    return departure
