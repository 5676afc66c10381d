"""Whose hands work: the baton among the vendor's people, control taken by the plant, the hold.

The row says whose it is; the actor, woken, lets go of what the hand before held and only
then lets the new one through. Whoever gets it is here, so that nobody works blind.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin
from requests.models import AccessRequest
from requests.services.common import guard_fresh_factor
from sessions.access import may_at
from sessions.models import BrokeredSession, ConsoleMessage, Participant
from sessions.models.participant import Vantage
from sessions.services.critical_step import guard_critical_step
from sessions.services.freezes import lift_freeze
from sessions.services.live_session import locked, refuse_when_over, role_of
from sessions.services.news import tell_pages, wake_actor

FreezeCause = BrokeredSession.FreezeCause

OF_THE_HAND = frozenset(
    {FreezeCause.AWAY, FreezeCause.IDLE, FreezeCause.FACTOR, FreezeCause.ADDRESS}
)
"""Freezes that were about the hand before; they go with it."""

REASON_CHARACTERS = 500


@transaction.atomic
def ask_for_baton(
    brokered_session: BrokeredSession, *, acting_user: User, origin: Origin
) -> None:
    """Let the one who works know that somebody else of the vendor would like to."""
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    _refuse_the_plant(acting_user, brokered_session)
    if brokered_session.hand_id == acting_user.pk:
        raise TooLate(_("You have it already."), code="has_it")
    if brokered_session.control_taken:
        raise NotPossible(_("The plant has control; it gives it back when it is done."))

    asked = _here(brokered_session, acting_user).filter(baton_asked_at__isnull=True)
    if asked.update(baton_asked_at=timezone.now()):
        record(
            "session.baton.asked",
            acting_user=acting_user,
            subject=brokered_session,
            brokered_session=brokered_session,
            origin=origin,
        )
    wake_actor(brokered_session)


@transaction.atomic
def pass_baton(
    brokered_session: BrokeredSession, *, acting_user: User, origin: Origin, to: Any
) -> User:
    """Hand it over, to the person of id `to`; an owner without it takes it back with the own
    id. Raises `TooLate` for who does not have it, `NotPossible` for a `to` who is not here."""
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    _refuse_the_plant(acting_user, brokered_session)
    if brokered_session.control_taken:
        raise TooLate(_("The plant has control now."), code="control_taken")
    owner = acting_user.pk == brokered_session.started_by_id
    takes_back = owner and str(to) == str(acting_user.pk)
    if brokered_session.hand_id != acting_user.pk and not takes_back:
        raise TooLate(
            _("You do not have the baton (any more), so you cannot pass it."),
            code="not_yours",
        )
    receiver = _receiver(brokered_session, to)

    _put_into_hands(brokered_session, receiver)
    record(
        "session.baton.passed",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
        to=receiver.full_name,
        taken_back=takes_back,
    )
    return receiver


@transaction.atomic
def take_control(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
    despite_step: bool = False,
) -> None:
    """A person of the plant works instead, in their own right; the vendor's people watch.

    Not where the request was for looking only: that connection lets nobody's input
    through. `despite_step`: the person was told which critical step it breaks into. Raises
    `FreshFactorNeeded`, `NotAllowed`, `NotPossible`, `TooLate`.
    """
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    _guard_may_control(acting_user, brokered_session)
    guard_fresh_factor(origin, acting_user, brokered_session.endpoint.asset.zone.site)
    reason = reason.strip()
    if not reason:
        raise NotPossible(
            _("Say why. Everybody in the session reads it."), code="reason_missing"
        )
    if brokered_session.permission != AccessRequest.Permission.CONTROL:
        raise NotPossible(
            _(
                "This work was approved for looking only: the connection itself takes no input, "
                "yours neither."
            ),
            code="view_only",
        )
    if brokered_session.hand_id == acting_user.pk:
        raise TooLate(_("You have control already."), code="has_it")
    other = brokered_session.baton_with if brokered_session.control_taken else None
    if other is not None and _here(brokered_session, other).exists():
        raise TooLate(
            _("%(name)s has control already.") % {"name": other}, code="control_taken"
        )
    if not _here(brokered_session, acting_user).exists():
        raise NotPossible(
            _("Watch the session first: you cannot work without the picture."),
            code="not_here",
        )

    guard_critical_step(
        brokered_session, acting_user=acting_user, confirmed=despite_step
    )

    before = brokered_session.baton_with or brokered_session.started_by
    ConsoleMessage.objects.create(
        brokered_session=brokered_session,
        sent_by=acting_user,
        text=reason[:REASON_CHARACTERS],
    )
    _put_into_hands(brokered_session, acting_user)
    record(
        "session.control.taken",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
        reason=reason[:REASON_CHARACTERS],
        taken_from=before.full_name,
    )


@transaction.atomic
def return_control(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    to: Any = None,
) -> User:
    """The vendor works again: the owner, or the companion of id `to` who is here.

    By the one who has control, or another who might have. The session is held when the
    owner is away.
    """
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    _guard_may_control(acting_user, brokered_session)
    before = brokered_session.baton_with
    if before is None or not brokered_session.control_taken:
        raise TooLate(_("The vendor has control already."), code="returned")
    owner = brokered_session.started_by
    receiver = owner
    if to not in (None, "", owner.pk, str(owner.pk)):
        receiver = _receiver(brokered_session, to)

    _put_into_hands(brokered_session, receiver)
    record(
        "session.control.returned",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
        to=receiver.full_name,
        taken_by=before.full_name,
    )
    return receiver


@transaction.atomic
def keep_hold(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    note: str = "",
) -> None:
    """Let a held session wait for its person until the window ends, however short the
    endpoint's own limit is. Until that person comes back, or somebody takes over."""
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    if not may_at(acting_user, Action.SESSION_END, brokered_session):
        raise NotAllowed(_("Only the plant decides on a held session."))
    if brokered_session.frozen_cause != FreezeCause.AWAY:
        raise TooLate(_("The session is not held any more."), code="not_held")
    if brokered_session.hold_kept:
        raise TooLate(_("It is kept already."), code="kept")

    brokered_session.hold_kept_at = timezone.now()
    brokered_session.hold_kept_by = acting_user
    brokered_session.save(update_fields=["hold_kept_at", "hold_kept_by"])
    record(
        "session.hold.kept",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
        reason=note.strip()[:REASON_CHARACTERS],
    )

    wake_actor(brokered_session)
    tell_pages(brokered_session)


def people_to_pass_to(brokered_session: BrokeredSession) -> list[User]:
    """The vendor's people who are here and do not work now."""
    here = (
        brokered_session.participants.filter(left_at__isnull=True)
        .exclude(role=Participant.Role.OBSERVER)
        .exclude(user=brokered_session.hand_id)
        .select_related("user__vendor")
        .order_by("joined_at")
    )
    return list({one.user_id: one.user for one in here}.values())


def _put_into_hands(brokered_session: BrokeredSession, user: User) -> None:
    """The change itself; what stood still because of the hand before goes on."""
    owner = user.pk == brokered_session.started_by_id
    brokered_session.baton_with = None if owner else user
    brokered_session.save(update_fields=["baton_with"])
    brokered_session.participants.filter(baton_asked_at__isnull=False).update(
        baton_asked_at=None
    )
    if (
        brokered_session.frozen_cause in OF_THE_HAND
        and _here(brokered_session, user).exists()
    ):
        lift_freeze(brokered_session, acting_user=None)
    wake_actor(brokered_session)
    tell_pages(brokered_session)


def _receiver(brokered_session: BrokeredSession, pk: Any) -> User:
    """Somebody of the vendor who takes part and is here."""
    receiver = next(
        (one for one in people_to_pass_to(brokered_session) if str(one.pk) == str(pk)),
        None,
    )
    if receiver is None or not receiver.is_active:
        raise NotPossible(
            _("Only somebody who takes part and is here can work."), code="not_here"
        )
    return receiver


def _here(brokered_session: BrokeredSession, user: User) -> Any:
    """The places from which a person sees the whole picture now."""
    return brokered_session.participants.filter(
        user=user, left_at__isnull=True, vantage=Vantage.CONSOLE
    )


def _guard_may_control(user: User, brokered_session: BrokeredSession) -> None:
    if not may_at(user, Action.SESSION_CONTROL, brokered_session):
        raise NotAllowed(_("You are not allowed to take control at this site."))


def _refuse_the_plant(user: User, brokered_session: BrokeredSession) -> None:
    """The baton goes among the vendor's people; the plant takes control."""
    if role_of(user, brokered_session) == Participant.Role.OBSERVER:
        raise NotAllowed(_("The vendor's people pass the baton among themselves."))
