"""What every verb on a live session begins with: lock it, and know who asks."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotKnown, TooLate
from sessions.access import may_at, takes_part
from sessions.models import BrokeredSession, Participant


def locked(brokered_session: BrokeredSession) -> BrokeredSession:
    """The row as it is now, locked to the end of the transaction where the database can."""
    try:
        return (
            BrokeredSession.objects.select_for_update(of=("self",))
            .select_related(
                "window__access_request",
                "endpoint__asset__zone__site",
                "started_by__vendor",
                "baton_with__vendor",
            )
            .get(pk=brokered_session.pk)
        )
    except BrokeredSession.DoesNotExist:
        raise NotKnown from None


def refuse_when_over(brokered_session: BrokeredSession) -> None:
    if not brokered_session.is_live:
        raise TooLate(_("This session is over."), code="session_over")


def role_of(user: User, brokered_session: BrokeredSession) -> str:
    if brokered_session.started_by_id == user.pk:
        return Participant.Role.OWNER
    if takes_part(user, brokered_session):
        return Participant.Role.COMPANION
    if may_at(user, Action.SESSION_WATCH, brokered_session):
        return Participant.Role.OBSERVER
    raise NotAllowed(_("You are not part of this session."))
