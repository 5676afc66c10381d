"""A machine that a crash left with something pressed: somebody of the plant has looked."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, TooLate
from accessportal.origin import Origin
from sessions.access import may_at
from sessions.models import BrokeredSession, LeftPressed
from sessions.services.news import tell_pages


@transaction.atomic
def note_looked(
    brokered_session: BrokeredSession, *, acting_user: User, origin: Origin
) -> None:
    """Takes it off the board. Raises `TooLate` when somebody else looked before."""
    if not may_at(acting_user, Action.SESSION_FREEZE, brokered_session):
        raise NotAllowed

    noted = (
        LeftPressed.objects.open()
        .filter(brokered_session=brokered_session)
        .update(seen_at=timezone.now(), seen_by=acting_user)
    )
    if not noted:
        raise TooLate(
            _("Somebody has looked at this machine already."), code="already_looked"
        )

    record(
        "session.machine.looked_at",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
    )
    tell_pages(brokered_session)
