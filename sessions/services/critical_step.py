"""A critical step: declared by the contractor, accepted by the plant (promise 6).

While it runs, nothing but a person's act ends or freezes the session; a person who does
it all the same is told what it may break, and confirms once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.clock import plant_time
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import SYSTEM, Origin
from requests.services.common import guard_fresh_factor
from sessions.access import may_at
from sessions.endings import CRITICAL_STEP_MOST
from sessions.models import BrokeredSession, CriticalStep
from sessions.services.charge import facts_of, path_of, told_of
from sessions.services.live_session import locked, refuse_when_over
from sessions.services.news import tell_pages, wake_actor

MOST_MINUTES = int(CRITICAL_STEP_MOST / timedelta(minutes=1))
MOST_PAST_WINDOW = timedelta(minutes=30)
"""A step protects the session no longer than this past the end of its window."""

SUGGESTED_MINUTES = (5, 12, 20, 30)


def protected_until(session_id: Any, *, at: datetime | None = None) -> datetime | None:
    """Until when an accepted step protects a session; None when none runs."""
    running: datetime | None = (
        CriticalStep.objects.running(at=at)
        .filter(brokered_session=session_id)
        .values_list("until", flat=True)
        .first()
    )
    return running


@transaction.atomic
def declare_critical_step(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    what: str,
    minutes: int,
) -> CriticalStep:
    """Ask the plant for 1 to 60 minutes that nothing foreseeable or drifting breaks into.

    Raises `NotPossible` for a step that would end too long after the window, `TooLate`
    when one is declared already.
    """
    brokered_session = locked(brokered_session)
    what = what.strip()

    refuse_when_over(brokered_session)
    _guard_works(acting_user, brokered_session)
    if not what:
        raise NotPossible(_("Say what you are going to do."), code="what_missing")
    if len(what) > 200:
        raise NotPossible(_("Say it in at most 200 characters."), code="what_too_long")
    if not 1 <= minutes <= MOST_MINUTES:
        raise NotPossible(
            _("A critical step takes 1 to %(most)d minutes.") % {"most": MOST_MINUTES},
            code="minutes_out_of_range",
        )
    wanted = timezone.now() + timedelta(minutes=minutes)
    if wanted > _latest(brokered_session):
        raise NotPossible(
            _(
                "The step would end more than %(minutes)d minutes after the window. "
                "Ask for more time first."
            )
            % {"minutes": MOST_PAST_WINDOW.seconds // 60},
            code="step_past_window",
        )
    _lapse(brokered_session)

    try:
        with transaction.atomic():
            step = CriticalStep.objects.create(
                brokered_session=brokered_session,
                what=what,
                minutes=minutes,
                declared_by=acting_user,
            )
    except IntegrityError as error:
        raise TooLate(
            _("A critical step is declared already."), code="step_open"
        ) from error

    _record("session.critical_step.declared", step, acting_user, origin)

    notify(
        told_of(brokered_session),
        "session.critical_step.declared",
        path=path_of(brokered_session),
        what=what,
        minutes=minutes,
        **facts_of(brokered_session),
    )
    _announce(brokered_session)
    return step


@transaction.atomic
def accept_critical_step(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    step: int,
) -> CriticalStep:
    """The plant says yes: the time runs from now, and at most to half an hour past the window.

    Within the window one tap is enough; past its end it is a decision on time, and needs a
    fresh factor. Raises `TooLate` when the step was answered, withdrawn or over before.
    """
    brokered_session = locked(brokered_session)

    refuse_when_over(brokered_session)
    _guard_plant(acting_user, brokered_session)
    found = _open_step(brokered_session, step)
    if found.accepted_at is not None:
        raise TooLate(_("This step is accepted already."), code="step_answered")
    now = timezone.now()
    until = min(now + timedelta(minutes=found.minutes), _latest(brokered_session))
    if until <= now:
        raise TooLate(_("The window is over."), code="window_closed")
    if until > brokered_session.window.closes_at:
        guard_fresh_factor(
            origin, acting_user, brokered_session.endpoint.asset.zone.site
        )

    found.accepted_by, found.accepted_at, found.until = acting_user, now, until
    found.save(update_fields=["accepted_by", "accepted_at", "until"])

    _record(
        "session.critical_step.accepted",
        found,
        acting_user,
        origin,
        until=until.isoformat(),
    )

    _announce(brokered_session)
    return found


@transaction.atomic
def refuse_critical_step(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    step: int,
) -> CriticalStep:
    """The plant says no; the session goes on as any other."""
    brokered_session = locked(brokered_session)

    refuse_when_over(brokered_session)
    _guard_plant(acting_user, brokered_session)
    found = _open_step(brokered_session, step)
    if found.accepted_at is not None:
        raise TooLate(_("This step is accepted already."), code="step_answered")

    _close(found, acting_user)

    _record("session.critical_step.refused", found, acting_user, origin)

    _announce(brokered_session)
    return found


@transaction.atomic
def end_critical_step(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    step: int,
) -> CriticalStep:
    """Done, or withdrawn, by who works there; or the plant takes its yes back."""
    brokered_session = locked(brokered_session)

    refuse_when_over(brokered_session)
    if not may_at(acting_user, Action.SESSION_CHARGE, brokered_session):
        _guard_works(acting_user, brokered_session)
    found = _open_step(brokered_session, step)

    _close(found, acting_user)

    _record("session.critical_step.ended", found, acting_user, origin)

    _announce(brokered_session)
    return found


@transaction.atomic
def lapse_critical_step(brokered_session: BrokeredSession) -> None:
    """A step whose time is over is closed, with its event; the session's actor calls it."""
    _lapse(locked(brokered_session))
    _announce(brokered_session)


def close_steps(brokered_session: BrokeredSession) -> None:
    """In the transaction that ends a session: no step outlives it."""
    CriticalStep.objects.filter(
        brokered_session=brokered_session, ended_at__isnull=True
    ).update(ended_at=timezone.now())


def guard_critical_step(
    brokered_session: BrokeredSession, *, acting_user: User | None, confirmed: bool
) -> None:
    """Before a person ends or freezes: what it may break, unless that was confirmed.

    Raises `NotPossible` with the code `critical_step_running`. The portal itself is kept
    from it by policy.
    """
    if acting_user is None or confirmed:
        return
    running = (
        CriticalStep.objects.running().filter(brokered_session=brokered_session).first()
    )
    if running is not None:
        raise NotPossible(what_it_may_break(running), code="critical_step_running")


def what_it_may_break(step: CriticalStep) -> str:
    """The warning before somebody breaks into a running step."""
    site = step.brokered_session.endpoint.asset.zone.site
    assert step.until is not None
    return _(
        "A critical step is running until %(until)s: “%(what)s”. "
        "Breaking it off may leave the machine half done or unusable."
    ) % {
        "what": step.what,
        "until": f"{plant_time(step.until, site.time_zone):%H:%M}",
    }


def _latest(brokered_session: BrokeredSession) -> datetime:
    return brokered_session.window.closes_at + MOST_PAST_WINDOW


def _guard_works(user: User, brokered_session: BrokeredSession) -> None:
    """Whose hands work on the machine now, and while they may."""
    if user.pk not in (brokered_session.started_by_id, brokered_session.baton_with_id):
        raise NotAllowed(_("Only who works on the machine declares a critical step."))
    if brokered_session.state != BrokeredSession.State.ACTIVE:
        raise NotPossible(_("The machine is not connected yet."), code="not_active")
    if brokered_session.permission != "control":
        raise NotPossible(_("This window is for looking only."), code="view_only")


def _guard_plant(user: User, brokered_session: BrokeredSession) -> None:
    if not may_at(user, Action.SESSION_CHARGE, brokered_session):
        raise NotAllowed(_("You cannot be in charge of sessions at this site."))


def _open_step(brokered_session: BrokeredSession, step: int) -> CriticalStep:
    """The step that was seen, if it is still the open one and its time is not over."""
    found = (
        CriticalStep.objects.filter(
            brokered_session=brokered_session, pk=step, ended_at__isnull=True
        )
        .select_related("declared_by")
        .first()
    )
    if found is None or (found.until is not None and found.until <= timezone.now()):
        raise TooLate(_("This critical step is over."), code="step_over")
    return found


def _lapse(brokered_session: BrokeredSession) -> None:
    over = CriticalStep.objects.filter(
        brokered_session=brokered_session,
        ended_at__isnull=True,
        until__lte=timezone.now(),
    )
    for step in over:
        step.ended_at = step.until
        step.save(update_fields=["ended_at"])
        _record("session.critical_step.ended", step, None, SYSTEM, why="time_over")


def _close(step: CriticalStep, by: User) -> None:
    step.ended_at, step.ended_by = timezone.now(), by
    step.save(update_fields=["ended_at", "ended_by"])


def _record(
    event: str,
    step: CriticalStep,
    acting_user: User | None,
    origin: Origin,
    **detail: str,
) -> None:
    record(
        event,
        acting_user=acting_user,
        subject=step.brokered_session,
        brokered_session=step.brokered_session,
        origin=origin,
        reason=step.what,
        minutes=step.minutes,
        **detail,
    )


def _announce(brokered_session: BrokeredSession) -> None:
    wake_actor(brokered_session)
    tell_pages(brokered_session)
