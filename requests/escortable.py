"""Whom the plant may escort, over what, and whether an escort counts."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.accounts.parking import is_parked
from accessportal.errors import NotAllowed, NotPossible, TooLate
from requests.models import AccessRequest, Escort, MaintenanceWindow

NUMBER_HELD_FOR = timedelta(hours=24)
"""A number that was noted only now may be that of whoever asks to be called."""


def guard_window_open(access_request: AccessRequest, *, at: datetime) -> None:
    """Raises `TooLate` unless the request has a window that is open."""
    window: MaintenanceWindow | None = getattr(access_request, "window", None)
    if window is None or window.phase(at=at) != MaintenanceWindow.Phase.OPEN:
        raise TooLate(
            _("The window of %(number)s is not open, so nobody can be escorted in it.")
            % {"number": access_request.number},
            code="window_not_open",
        )


def guard_escortable(person: User) -> None:
    """Only a factor or a training is bridged. Raises `NotPossible` for everything else that
    keeps somebody out: it is for those who answer for it to lift."""
    if not person.is_active:
        raise NotPossible(
            _("The access of %(name)s, or of the company, has ended or is suspended.")
            % {"name": person.full_name},
            code="access_ended",
        )
    if person.awaits_sponsor:
        raise NotPossible(
            _("The plant has never confirmed %(name)s.") % {"name": person.full_name},
            code="not_confirmed",
        )
    if is_parked(person):
        raise NotPossible(
            _("The account of %(name)s is parked: they have to sign in by themselves.")
            % {"name": person.full_name},
            code="parked",
        )


def guard_other_person(access_request: AccessRequest, user: User) -> None:
    """Raises `NotAllowed` for who asked, or opened the request for them."""
    if user.pk in (access_request.requested_by_id, access_request.emergency_by_id):
        raise NotAllowed(
            _("You opened this request yourself, so somebody else has to escort."),
            code="four_eyes",
        )


def guard_number(person: User, *, at: datetime) -> None:
    """Raises `NotPossible` unless the plant has held a number for a day."""
    if not person.callback_number or person.callback_number_at is None:
        raise NotPossible(
            _(
                "The plant holds no telephone number of %(name)s, so nobody can make sure "
                "who it is. Who answers for the company notes one on the page of the person."
            )
            % {"name": person.full_name},
            code="no_number",
        )
    if person.callback_number_at > at - NUMBER_HELD_FOR:
        raise NotPossible(
            _(
                "The number of %(name)s was noted less than 24 hours ago, and does not "
                "count yet."
            )
            % {"name": person.full_name},
            code="number_too_new",
        )


def training_lapsed(person: User, *, at: datetime) -> bool:
    """As the policy decision point sees it at a start."""
    ends = person.training_expires_at
    return person.training_missing or (ends is not None and ends <= at)


def bridges_for(person: User, *, factor_lost: bool, at: datetime) -> str:
    """What an escort has to bridge. Raises `NotPossible` where there is nothing, or where no
    first factor is left either."""
    if factor_lost and person.by_passkey_alone:
        raise NotPossible(
            _(
                "%(name)s has no password, so nothing is left to sign in with. Have the "
                "passkey taken away: a link to the own mailbox leads to a new one."
            )
            % {"name": person.full_name},
            code="no_first_factor",
        )
    lapsed = training_lapsed(person, at=at)
    if factor_lost:
        return Escort.Bridges.BOTH if lapsed else Escort.Bridges.FACTOR
    if lapsed:
        return Escort.Bridges.TRAINING
    raise NotPossible(
        _("Nothing of %(name)s has lapsed: they sign in as always.")
        % {"name": person.full_name},
        code="nothing_lapsed",
    )


def escort_in_force(
    window: MaintenanceWindow, person: User, web_session_ref: str
) -> Escort | None:
    """The escort that counts for this person in this window, in this web session."""
    if not web_session_ref:
        return None
    return (
        Escort.objects.filter(
            access_request=window.access_request_id,
            person=person,
            web_session_ref=web_session_ref,
            used_at__isnull=False,
        )
        .select_related("offered_by")
        .order_by("-used_at")
        .first()
    )
