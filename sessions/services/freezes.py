"""Stop input and let it go on; the picture and the recording always go on."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from accessportal.origin import SYSTEM, Origin
from requests.escortable import escort_in_force
from requests.models import Escort
from sessions.access import may_at
from sessions.attended import works_without_factor
from sessions.models import BrokeredSession
from sessions.policy_facts import factor_moment
from sessions.services.critical_step import guard_critical_step
from sessions.services.live_session import locked, refuse_when_over
from sessions.services.news import tell_pages, wake_actor

FreezeCause = BrokeredSession.FreezeCause

ONLY_THE_PLANT = (FreezeCause.PERSON, FreezeCause.RECORDING, FreezeCause.ATTENDANCE)
"""What the contractor's second factor does not lift."""


@transaction.atomic
def freeze_session(
    brokered_session: BrokeredSession,
    *,
    acting_user: User | None,
    origin: Origin = SYSTEM,
    message: str = "",
    cause: str = FreezeCause.PERSON,
    despite_step: bool = False,
) -> None:
    """Stop all input; the picture goes on. A person's freeze takes over from the portal's own.

    `despite_step`: the person was told which critical step it breaks into.
    """
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    if acting_user is not None and not may_at(
        acting_user, Action.SESSION_FREEZE, brokered_session
    ):
        raise NotAllowed(_("You are not allowed to freeze sessions at this site."))
    if brokered_session.frozen_cause == FreezeCause.PERSON or (
        acting_user is None and brokered_session.frozen_at is not None
    ):
        raise TooLate(_("The session is frozen already."))
    guard_critical_step(
        brokered_session, acting_user=acting_user, confirmed=despite_step
    )

    brokered_session.frozen_at = timezone.now()
    brokered_session.frozen_by = acting_user
    brokered_session.frozen_cause = cause
    brokered_session.frozen_reason = message[:500]
    brokered_session.save(
        update_fields=["frozen_at", "frozen_by", "frozen_cause", "frozen_reason"]
    )
    record(
        "session.frozen",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
        reason=message,
        cause=cause,
    )

    wake_actor(brokered_session)
    tell_pages(brokered_session)


@transaction.atomic
def unfreeze_session(
    brokered_session: BrokeredSession, *, acting_user: User, origin: Origin
) -> None:
    """A person of the plant lets input through again, after a freeze or after idling."""
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    if not may_at(acting_user, Action.SESSION_FREEZE, brokered_session):
        raise NotAllowed(_("Only the plant can let this session go on."))
    if brokered_session.frozen_at is None:
        raise TooLate(_("The session is not frozen any more."))
    not_ours = {
        FreezeCause.RECORDING: _("The recording failed, so this session cannot go on."),
        FreezeCause.ATTENDANCE: _(
            "It goes on when somebody says to be at the machine."
        ),
        FreezeCause.AWAY: _("It goes on by itself when the contractor is back."),
        FreezeCause.FACTOR: _("The contractor has to confirm a second factor first."),
        FreezeCause.ADDRESS: _("The contractor has to confirm a second factor first."),
    }
    if brokered_session.frozen_cause in not_ours:
        raise NotPossible(not_ours[FreezeCause(brokered_session.frozen_cause)])

    lift_freeze(brokered_session, acting_user=acting_user, origin=origin)


@transaction.atomic
def resume_session(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    web_session_key: str,
) -> None:
    """The contractor goes on after idling or other drift, with a fresh second factor.

    Raises `FreshFactorNeeded`, or `NotAllowed` where a person of the plant froze it.
    """
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    if brokered_session.hand_id != acting_user.pk:
        raise NotAllowed(_("Only the one who works can let this session go on."))
    if brokered_session.frozen_at is None:
        return
    if brokered_session.frozen_cause in ONLY_THE_PLANT:
        raise NotAllowed(_("Only the plant can let this session go on."))
    escort = _called_again(brokered_session, acting_user, origin)
    age = timezone.now().timestamp() - origin.factor_at
    if escort is None and age > settings.FRESH_FACTOR_SECONDS:
        raise _what_is_needed(brokered_session)

    fresh: dict[str, Any] = {
        "factor": origin.factor,
        "factor_at": factor_moment(origin),
        "source_address": origin.address,
        "web_session_key": web_session_key,
    }
    if brokered_session.started_by_id == acting_user.pk:
        if escort is not None:
            fresh["escort"] = escort
        for name, value in fresh.items():
            setattr(brokered_session, name, value)
        brokered_session.save(update_fields=list(fresh))
    else:
        brokered_session.participants.filter(
            user=acting_user, left_at__isnull=True
        ).update(**fresh)
    lift_freeze(brokered_session, acting_user=acting_user, origin=origin)


def _what_is_needed(brokered_session: BrokeredSession) -> FreshFactorNeeded:
    if not works_without_factor(brokered_session):
        return FreshFactorNeeded()
    return FreshFactorNeeded(
        _("Have the plant call you, and type the new code that it reads out.")
    )


def _called_again(
    brokered_session: BrokeredSession, user: User, origin: Origin
) -> Escort | None:
    """The escort whose code was typed just now: for whom the plant escorts over the second
    factor, a new call is what a fresh one is for others."""
    escort = escort_in_force(brokered_session.window, user, origin.web_session_ref)
    if escort is None or not escort.bridges_factor or escort.used_at is None:
        return None
    age = (timezone.now() - escort.used_at).total_seconds()
    return escort if age <= settings.FRESH_FACTOR_SECONDS else None


def lift_freeze(
    brokered_session: BrokeredSession,
    *,
    acting_user: User | None,
    origin: Origin = SYSTEM,
) -> None:
    """Clear the freeze inside the caller's transaction, with its audit event."""
    cause = brokered_session.frozen_cause
    brokered_session.frozen_at = None
    brokered_session.frozen_by = None
    brokered_session.frozen_cause = ""
    brokered_session.frozen_reason = ""
    brokered_session.save(
        update_fields=["frozen_at", "frozen_by", "frozen_cause", "frozen_reason"]
    )
    record(
        "session.unfrozen",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
        cause=cause,
    )
    wake_actor(brokered_session)
    tell_pages(brokered_session)
