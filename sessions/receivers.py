"""What this app does on the word of the apps below it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.dispatch import receiver
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.accounts.signals import (
    standing_changed,
    web_session_in_use,
    web_session_laid_down,
)
from accessportal.errors import NotPossible, TooLate
from accessportal.plants.models import Endpoint
from accessportal.plants.signals import endpoint_locked_to_move
from requests.delivery import Told, asked_where
from requests.models import AccessRequest, MaintenanceWindow
from requests.signals import window_revoked
from sessions.models import BrokeredSession, StationCall
from sessions.services.charge import notice_missing_charge
from sessions.services.console import request_end
from sessions.services.news import wake_actor
from sessions.services.web_sessions import hold_for_return, works_in


@receiver(standing_changed, dispatch_uid="sessions.look_after_standing")
def look_after_standing(sender: Any, *, person: User, **kwargs: Any) -> None:
    """A role or an access is gone or new: the person's live sessions look at once, and where
    nobody is in charge any more everybody who may be is told."""
    concerned = (
        BrokeredSession.objects.live()
        .filter(
            Q(started_by=person)
            | Q(person_in_charge=person)
            | Q(participants__user=person, participants__left_at__isnull=True)
        )
        .distinct()
    )
    for brokered_session in concerned:
        wake_actor(brokered_session)
    notice_missing_charge(of=person)


@receiver(web_session_in_use, dispatch_uid="sessions.works_in_web_session")
def works_in_web_session(sender: Any, *, key: str, **kwargs: Any) -> bool:
    return works_in(key)


@receiver(web_session_laid_down, dispatch_uid="sessions.hold_for_return")
def hold_work_for_return(sender: Any, *, user: User, key: str, **kwargs: Any) -> None:
    hold_for_return(user, key)


@receiver(window_revoked, dispatch_uid="sessions.end_sessions_of_revoked_window")
def end_sessions_of_revoked_window(
    sender: Any, *, window: MaintenanceWindow, acting_user: User | None, **kwargs: Any
) -> None:
    """A revoked window ends its sessions at once; the actors' tick would find it, too."""
    for brokered_session in BrokeredSession.objects.live().filter(window=window):
        try:
            request_end(
                brokered_session,
                acting_user=None,
                reason=BrokeredSession.EndReason.WINDOW_REVOKED,
                note=window.revoke_reason,
            )
        except TooLate:
            continue


@receiver(asked_where, dispatch_uid="sessions.asked_at_stations")
def asked_at_stations(
    sender: Any, *, access_request: AccessRequest, **kwargs: Any
) -> list[Told]:
    """The screens of control rooms on which a request rang."""
    return [
        Told(
            place=call.station.place,
            people=0,
            told_at=None,
            rang_at=call.rang_at,
            seen_at=call.seen_at,
        )
        for call in StationCall.objects.filter(
            access_request=access_request
        ).select_related("station")
    ]


@receiver(endpoint_locked_to_move, dispatch_uid="sessions.nobody_works_there")
def nobody_works_there(sender: Any, *, endpoint: Endpoint, **kwargs: Any) -> None:
    """An address is not taken from under somebody's hands. Raises `NotPossible`."""
    live = BrokeredSession.objects.live().filter(endpoint=endpoint).first()
    if live is not None:
        raise NotPossible(
            _(
                "%(name)s works on it now (%(number)s). End that session first, or wait until "
                "it is over."
            )
            % {"name": live.started_by, "number": live.number},
            code="in_use",
        )
