"""Attendance: on some machines input is live only while somebody of the plant is there.

It is kept by a tap every so many minutes. A page that stands open proves nobody's
presence, so a station on the wall counts only by the tap of the person in front of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, PortalError
from accessportal.notifications import notify
from accessportal.origin import Origin
from requests.wording import moment_words
from sessions.access import may_at
from sessions.attended import attendance_required
from sessions.models import BrokeredSession
from sessions.services.charge import facts_of, path_of, told_of
from sessions.services.freezes import lift_freeze
from sessions.services.live_session import locked, refuse_when_over
from sessions.services.news import tell_pages, wake_actor

FreezeCause = BrokeredSession.FreezeCause


@transaction.atomic
def attend(
    brokered_session: BrokeredSession, *, acting_user: User, origin: Origin
) -> None:
    """Somebody of the plant says to be at the machine, now. Lifts the freeze for want of it.

    Raises `NotPossible` where nobody has to be there.
    """
    brokered_session = locked(brokered_session)

    refuse_when_over(brokered_session)
    if not may_at(acting_user, Action.SESSION_CHARGE, brokered_session):
        raise NotAllowed(_("You cannot attend work at this site."))
    if not attendance_required(brokered_session):
        raise NotPossible(
            _("Nobody has to be at this machine."), code="attendance_not_required"
        )

    brokered_session.attended_by = acting_user
    brokered_session.attended_at = timezone.now()
    brokered_session.save(update_fields=["attended_by", "attended_at"])

    record(
        "session.attended",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
    )
    if brokered_session.frozen_cause == FreezeCause.ATTENDANCE:
        lift_freeze(brokered_session, acting_user=acting_user, origin=origin)

    wake_actor(brokered_session)
    tell_pages(brokered_session)


def attend_all(
    sessions: Iterable[BrokeredSession], *, acting_user: User, origin: Origin
) -> list[BrokeredSession]:
    """One tap for several machines in sight: `attend` for each that is still live."""
    attended = []
    for one in sessions:
        try:
            attend(one, acting_user=acting_user, origin=origin)
        except PortalError:
            continue
        attended.append(one)
    if not attended:
        raise NotPossible(
            _("None of these sessions needs somebody any more."),
            code="attendance_not_required",
        )
    return attended


@transaction.atomic
def note_attendance_due(brokered_session: BrokeredSession, *, until: datetime) -> None:
    """A minute before it runs out: who is in charge hears of it; the actor tells both sides."""
    zone = brokered_session.endpoint.asset.zone.site.time_zone
    said = {
        **facts_of(brokered_session),
        "until": lambda: moment_words(until, zone),
    }
    notify(
        told_of(brokered_session),
        "session.attendance.due",
        path=path_of(brokered_session),
        **said,
    )
    tell_pages(brokered_session)
