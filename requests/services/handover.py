"""The line goes from hand to hand: given by the shift, handed back, accepted.

The shift are those who may be in charge of a session. Giving ticks the checklist; in a
window *on release* it also starts the time. No fresh factor is asked for: the person was
let in by the approval; this says that the machine is in a state to be worked on.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin
from requests.line import checklist_of, needs_the_line, not_ticked, turn_of
from requests.models import LineHandover, MaintenanceWindow
from requests.services.common import (
    guard_may,
    people_of,
    tell_of_window,
)
from requests.services.window import (
    change_times,
    guard_longer_is_possible,
    guard_not_over,
    locked_window,
    tell_brokers,
)

SOON = timedelta(minutes=30)
"""So long before a window opens its checklist may be ticked: what was safe last week is not."""

POSTPONE_MINUTES = 30


@transaction.atomic
def give_line(
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
    ticked: Collection[int] = (),
    values: dict[int, str] | None = None,
) -> LineHandover:
    """*The line is yours*: the checklist is ticked, and somebody from outside may connect.

    `ticked`: ids of points; `values`: what is written beside them. Raises `NotAllowed`,
    `TooLate` when it was given already or the window is over, `NotPossible` with what is
    still open.
    """
    window = locked_window(window)
    access_request, values = window.access_request, values or {}

    guard_may(acting_user, Action.SESSION_CHARGE, access_request.site)
    guard_not_over(window)
    _guard_it_is_time(window)
    items = checklist_of(window)
    still_open = not_ticked(items, ticked, values)
    if still_open:
        raise NotPossible(
            _("Still open: %(points)s.")
            % {"points": "; ".join(item.text for item in still_open)},
            code="checklist_open",
        )
    ticks = [
        {
            "text": item.text,
            "asks_for": item.asks_for,
            "value": values.get(item.pk, "").strip()[:200],
        }
        for item in items
    ]

    now = timezone.now()
    try:
        with transaction.atomic():
            turn = LineHandover.objects.create(
                window=window, given_at=now, given_by=acting_user, ticks=ticks
            )
    except IntegrityError as error:
        raise TooLate(
            _("The line has been given already."), code="line_given"
        ) from error
    _start_the_time(window, now)

    record(
        "line.given",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        ticks=ticks,
        opens_at=window.opens_at.isoformat(),
        closes_at=window.closes_at.isoformat(),
    )

    tell_of_window(
        window,
        people_of(access_request),
        "line.given",
        about=("requests", "windows"),
        giver=acting_user.full_name,
    )
    return turn


@transaction.atomic
def postpone_line(
    window: MaintenanceWindow, *, acting_user: User, origin: Origin
) -> MaintenanceWindow:
    """*Not yet, +30*: a window on release waits longer, within what was agreed on.

    Raises `NotAllowed`, `TooLate`, `NotPossible` where the tolerance is used up.
    """
    window = locked_window(window)
    access_request = window.access_request

    guard_may(acting_user, Action.SESSION_CHARGE, access_request.site)
    guard_not_over(window)
    if not window.waits_for_release:
        raise TooLate(_("This window waits for nothing."), code="waits_for_nothing")
    left = access_request.tolerance_minutes - window.postponed_minutes
    if left < POSTPONE_MINUTES:
        raise NotPossible(
            _("No more was agreed on: %(minutes)s minutes are left. Move the window.")
            % {"minutes": max(0, left)},
            code="tolerance_used_up",
        )
    guard_longer_is_possible(window, POSTPONE_MINUTES, viewer=acting_user)

    after = window.closes_at + timedelta(minutes=POSTPONE_MINUTES)
    postponed = window.postponed_minutes + POSTPONE_MINUTES
    change_times(window, closes_at=after, postponed_minutes=postponed)

    record(
        "window.postponed",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        minutes=POSTPONE_MINUTES,
        closes_at=after.isoformat(),
    )

    tell_of_window(
        window,
        people_of(access_request),
        "window.postponed",
        about=("windows",),
        by=acting_user.full_name,
        minutes=POSTPONE_MINUTES,
    )
    return window


@transaction.atomic
def hand_line_back(
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
    what_was_done: str,
    state_left: str,
) -> LineHandover:
    """*What I did, and in what state I left it.* The contractor's, once for each turn.

    Also after the window has closed: the note is owed then, too. A session that goes on is
    not ended by it. Raises `NotAllowed`, `NotPossible`, `TooLate`.
    """
    window = locked_window(window)
    access_request = window.access_request
    done, state = what_was_done.strip(), state_left.strip()

    if acting_user.pk != access_request.requested_by_id:
        raise NotAllowed
    if window.opens_at > timezone.now() or window.waits_for_release:
        raise TooLate(_("The window is not open yet."), code="window_not_open")
    if not done or not state:
        raise NotPossible(
            _("Say what you did, and in what state you left the machine."),
            code="note_missing",
        )
    turn = turn_of(window)
    if turn is None and (needs_the_line(window) or window.handovers.exists()):
        raise TooLate(_("The line is with the plant already."), code="line_returned")

    facts: dict[str, Any] = {
        "returned_at": timezone.now(),
        "returned_by": acting_user,
        "what_was_done": done[:2000],
        "state_left": state[:2000],
    }
    if turn is None:
        turn = LineHandover.objects.create(window=window, **facts)
    elif not LineHandover.objects.filter(pk=turn.pk, returned_at__isnull=True).update(
        **facts
    ):
        raise TooLate

    record(
        "line.returned",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        what_was_done=facts["what_was_done"],
        state_left=facts["state_left"],
    )

    tell_of_window(
        window,
        people_who_may(Action.SESSION_CHARGE, access_request.site),
        "line.returned",
        about=("windows", "sessions"),
        what_was_done=facts["what_was_done"],
        state_left=facts["state_left"],
    )
    return turn


@transaction.atomic
def accept_line(
    turn: LineHandover, *, acting_user: User, origin: Origin, note: str = ""
) -> LineHandover:
    """The plant has looked, and takes the line back. Raises `NotAllowed`, `TooLate`."""
    window = locked_window(turn.window)
    access_request = window.access_request

    guard_may(acting_user, Action.SESSION_CHARGE, access_request.site)
    accepted = LineHandover.objects.filter(
        pk=turn.pk, returned_at__isnull=False, accepted_at__isnull=True
    ).update(
        accepted_at=timezone.now(),
        accepted_by=acting_user,
        acceptance=note.strip()[:2000],
    )
    if not accepted:
        raise TooLate(
            _("Somebody has accepted it already, or it is not handed back."),
            code="line_accepted",
        )
    turn.refresh_from_db()

    record(
        "line.accepted",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=turn.acceptance,
    )

    tell_of_window(
        window,
        [access_request.requested_by],
        "line.accepted",
        about=("windows", "sessions"),
        accepter=acting_user.full_name,
        note=turn.acceptance,
    )
    return turn


def _guard_it_is_time(window: MaintenanceWindow) -> None:
    early = timedelta(0) if window.on_release_seconds is not None else SOON
    if timezone.now() < window.opens_at - early:
        raise TooLate(
            _(
                "It is too early: tick it when the window opens, or within half an hour before."
            ),
            code="too_early",
        )


def _start_the_time(window: MaintenanceWindow, now: Any) -> None:
    """On release: from now on, as long as was agreed on, and no longer than the window."""
    if not window.waits_for_release:
        return
    assert window.on_release_seconds is not None
    closes_at = min(
        window.closes_at, now + timedelta(seconds=window.on_release_seconds)
    )
    change_times(window, released_at=now, opens_at=now, closes_at=closes_at)
    tell_brokers()
