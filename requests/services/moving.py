"""A window that stands is moved: opened earlier, closed later or earlier, called back.

Earlier and later are new decisions, as an extension is. Calling back only makes shorter:
that must be fast, and needs neither four eyes nor a fresh factor.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin
from requests.facts import facts_of_request
from requests.feasibility import what_stands_against
from requests.models import LaterWish, MaintenanceWindow
from requests.services.common import (
    guard_four_eyes,
    guard_may,
    guard_nothing_blocks,
    lock_endpoints,
    people_of,
    tell_of_window,
    tell_pages,
)
from requests.services.extension import ask_again_for_more_time
from requests.services.later_decision import (
    Widening,
    end_wish,
    everybody_agrees,
    guard_widening,
)
from requests.services.window import (
    BEGUN,
    change_times,
    guard_longer_is_possible,
    guard_not_over,
    guard_open,
    locked_window,
    longer_by,
    tell_brokers,
)
from requests.wishes import Finding

RECALL_MINUTES = (5, 10, 15, 30)


def open_early(
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
    facts_hash: str | None = None,
) -> MaintenanceWindow | None:
    """Let them begin now; the end stays. A new decision: four eyes and a fresh factor.

    None: a yes after which others are needed (`requests.services.later_decision`).
    """
    guard_four_eyes(window.access_request, acting_user=acting_user, origin=origin)
    return _move(
        window,
        acting_user=acting_user,
        origin=origin,
        reason=reason,
        later_minutes=0,
        facts_hash=facts_hash,
    )


def close_later(
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
    minutes: int,
    facts_hash: str | None = None,
) -> MaintenanceWindow | None:
    """Give 5 to 240 more minutes, asked for by nobody. A new decision, as `open_early` is."""
    guard_four_eyes(window.access_request, acting_user=acting_user, origin=origin)
    if not 5 <= minutes <= 240:
        raise NotPossible(_("Give 5 to 240 minutes."), code="minutes_out_of_range")
    return _move(
        window,
        acting_user=acting_user,
        origin=origin,
        reason=reason,
        later_minutes=minutes,
        facts_hash=facts_hash,
    )


@transaction.atomic
def _move(
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
    later_minutes: int,
    facts_hash: str | None,
) -> MaintenanceWindow | None:
    """`later_minutes`: so much later it closes; 0: it opens now."""
    window = locked_window(window)
    access_request, reason = window.access_request, reason.strip()
    lock_endpoints(access_request)

    now = timezone.now()
    wider = (
        longer_by(window, later_minutes)
        if later_minutes
        else Widening(LaterWish.Kind.EARLIER, now, window.closes_at)
    )
    guard_not_over(window)
    later_yes = guard_widening(
        window, wider, acting_user=acting_user, origin=origin, facts_hash=facts_hash
    )
    if not reason:
        raise NotPossible(_("Say why the window is moved."), code="reason_missing")
    if later_minutes:
        guard_longer_is_possible(window, later_minutes, viewer=acting_user)
    else:
        _guard_earlier_is_possible(window, now, viewer=acting_user)

    before = (window.opens_at, window.closes_at)
    opens_at, closes_at = wider.opens_at, wider.closes_at
    if not everybody_agrees(
        window,
        wider,
        later_yes,
        said={
            "moved": {
                "from": [moment.isoformat() for moment in before],
                "to": [opens_at.isoformat(), closes_at.isoformat()],
            }
        },
        reason=reason,
        acting_user=acting_user,
        origin=origin,
    ):
        return None
    change_times(window, opens_at=opens_at, closes_at=closes_at)
    record(
        "window.moved",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason,
        opened_before=before[0].isoformat(),
        closed_before=before[1].isoformat(),
        opens_at=opens_at.isoformat(),
        closes_at=closes_at.isoformat(),
        **later_yes.lent,
    )

    tell_of_window(
        window,
        people_of(access_request),
        "window.moved",
        about=("requests", "windows"),
        decider=acting_user.full_name,
        reason=reason,
    )
    tell_brokers()
    return window


@transaction.atomic
def recall_window(
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
    minutes: int,
    reason: str = "",
) -> MaintenanceWindow:
    """*Give it back in 10 min*: the open window closes then, counted down on both sides.

    Raises `TooLate` where it closes sooner anyway.
    """
    window = locked_window(window)
    access_request, reason = window.access_request, reason.strip()

    guard_may(acting_user, Action.WINDOW_REVOKE, access_request.site)
    guard_open(window)
    if minutes not in RECALL_MINUTES:
        raise NotPossible(_("Say for how many minutes."), code="minutes_missing")
    now = timezone.now()
    closes_at = now + timedelta(minutes=minutes)
    if closes_at >= window.closes_at:
        raise TooLate(_("The window closes sooner anyway."), code="closes_sooner")

    before = window.closes_at
    change_times(
        window,
        closes_at=closes_at,
        recalled_at=now,
        recalled_by=acting_user,
        recall_reason=reason[:500],
        recall_seen_at=None,
    )
    end_wish(window, LaterWish.State.OUTDATED, acting_user=acting_user, reason=reason)

    record(
        "window.recalled",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason,
        minutes=minutes,
        closed_before=before.isoformat(),
        closes_at=closes_at.isoformat(),
    )

    tell_of_window(
        window,
        people_of(access_request),
        "window.recalled",
        about=("requests", "windows", "sessions"),
        by=acting_user.full_name,
        minutes=minutes,
        reason=reason,
    )
    ask_again_for_more_time(window)
    tell_brokers()
    return window


@transaction.atomic
def acknowledge_recall(
    window: MaintenanceWindow, *, acting_user: User, origin: Origin
) -> MaintenanceWindow:
    """The contractor has read that the window closes early. Raises `TooLate` the second time."""
    window = locked_window(window)
    access_request = window.access_request

    if all(acting_user.pk != person.pk for person in people_of(access_request)):
        raise NotAllowed
    now = timezone.now()
    seen = MaintenanceWindow.objects.filter(
        pk=window.pk, recalled_at__isnull=False, recall_seen_at__isnull=True
    ).update(recall_seen_at=now)
    if not seen:
        raise TooLate(_("There is nothing to acknowledge."), code="nothing_recalled")
    window.recall_seen_at = now

    record(
        "window.recall.acknowledged",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
    )

    tell_pages(access_request, about=("windows", "sessions"))
    tell_brokers()
    return window


def _guard_earlier_is_possible(
    window: MaintenanceWindow, now: datetime, *, viewer: User
) -> None:
    """Judges the added time by itself, and the length of the whole."""
    if window.opens_at <= now or window.waits_for_release:
        raise TooLate(_("The window is open already."), code="window_open")
    access_request = window.access_request

    def against(start: datetime, end: datetime) -> list[Finding]:
        facts = facts_of_request(access_request, viewer=viewer, start=start, end=end)
        return what_stands_against(facts)

    whole, added = against(now, window.closes_at), against(now, window.opens_at)
    guard_nothing_blocks(
        [one for one in whole if one.code == "too_long"]
        + [one for one in added if one.code not in BEGUN]
    )
