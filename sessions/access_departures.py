"""Guarded fetches of departures: the plant's, a sponsor's, a coordinator's own company's."""

from __future__ import annotations

from django.db.models import QuerySet

from accessportal.accounts.authorisation import (
    Action,
    may,
    may_everywhere,
    roles_held,
    sites_where,
)
from accessportal.accounts.models import User
from accessportal.accounts.vendor_rights import may_vouch
from accessportal.errors import NotAllowed
from accessportal.known import known
from sessions.models import Departure
from sessions.revocations import Kind, Revocation


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


def revocations_readable_by(user: User, rows: list[Revocation]) -> list[Revocation]:
    """Of vendors' people all; of the plant's people those at the sites whose permissions this
    person may read. Raises `NotAllowed` for who may read none."""
    if not reads_revocations(user):
        raise NotAllowed
    if may_everywhere(user, Action.PERMISSION_SEE):
        return rows
    here = {
        None,
        *sites_where(user, Action.PERMISSION_SEE).values_list("pk", flat=True),
    }

    def concerns(one: Revocation) -> bool:
        if one.person.vendor_id is not None:
            return True
        if one.kind == Kind.TRANSFER:
            return one.site_id in here
        places = {site for _role, site in roles_held(one.person)}
        return not places or bool(places & here)

    return [one for one in rows if concerns(one)]


def departure_visible_to(user: User, number: str) -> Departure:
    return known(
        Departure.objects.visible_to(user)
        .select_related(
            "person__vendor",
            "vendor__sponsor",
            "reported_by__vendor",
            "acknowledged_by",
        )
        .filter(number=number)
    )


def departure_confirmable_by(user: User, number: str) -> Departure:
    departure = departure_visible_to(user, number)
    if not may_vouch(user, departure.vendor):
        raise NotAllowed
    return departure
