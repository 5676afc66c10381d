"""The bound in time: revoke it, and what every verb about it guards."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.accounts.web_sessions import move_end_of_bound
from accessportal.audit import record
from accessportal.errors import NotPossible, TooLate
from accessportal.live import announce
from accessportal.origin import Origin
from accessportal.transitions import transition
from requests.facts import facts_of_request
from requests.feasibility import what_stands_against
from requests.models import ExtensionRequest, LaterWish, MaintenanceWindow
from requests.services.common import (
    guard_may,
    guard_nothing_blocks,
    locked_request,
    people_of,
    tell_of_window,
)
from requests.services.later_decision import (
    Widening,
    end_wish,
)
from requests.signals import window_revoked
from requests.wishes import Finding
from requests.wording import moment_words

logger = logging.getLogger(__name__)

BROKERS = "brokers"  # the channel group of all session actors


@transaction.atomic
def revoke_window(
    window: MaintenanceWindow, *, acting_user: User | None, origin: Origin, reason: str
) -> MaintenanceWindow:
    """End a window for good, and with it every session in it. Needs no fresh factor.

    Sends `requests.signals.window_revoked` after the commit. Raises `TooLate` for a
    window that is over, `NotPossible` without a reason.
    """
    window = locked_window(window)

    if acting_user is not None:
        guard_may(acting_user, Action.WINDOW_REVOKE, window.access_request.site)

    return end_window(window, acting_user=acting_user, origin=origin, reason=reason)


def end_window(
    window: MaintenanceWindow, *, acting_user: User | None, origin: Origin, reason: str
) -> MaintenanceWindow:
    """What every revocation comes to, within a verb that has locked the window and has said
    who may."""
    access_request, reason = window.access_request, reason.strip()

    guard_not_over(window)
    if not reason:
        raise NotPossible(_("Say why the window is revoked."), code="reason_missing")

    now = timezone.now()
    changed = MaintenanceWindow.objects.filter(
        pk=window.pk, revoked_at__isnull=True
    ).update(revoked_at=now, revoked_by=acting_user, revoke_reason=reason)
    if changed != 1:
        raise TooLate
    window.revoked_at, window.revoked_by, window.revoke_reason = (
        now,
        acting_user,
        reason,
    )
    refuse_more_time(window, acting_user, _("The window was revoked."))
    end_wish(window, LaterWish.State.OUTDATED, acting_user=acting_user, reason=reason)

    record(
        "window.revoked",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason,
    )

    tell_of_window(
        window,
        people_of(access_request),
        "window.revoked",
        about=("requests", "windows"),
        revoker=str(acting_user or "Access Portal"),
        reason=reason,
    )
    transaction.on_commit(lambda: send_revoked(window, acting_user, reason))
    return window


def refuse_more_time(
    window: MaintenanceWindow, acting_user: User | None, reason: str
) -> None:
    """More time that is asked for cannot be given any more; called under the lock."""
    for extension in window.extension_requests.filter(
        state=ExtensionRequest.State.PENDING
    ):
        decide_extension(extension, ExtensionRequest.State.REFUSED, acting_user, reason)


def locked_window(window: MaintenanceWindow) -> MaintenanceWindow:
    """The window as it is now, under the lock of its request."""
    access_request = locked_request(window.access_request_id)
    window = MaintenanceWindow.objects.get(pk=window.pk)
    window.access_request = access_request
    access_request.window = window
    return window


def change_times(window: MaintenanceWindow, **times: Any) -> None:
    """The locked window gets other times (`closes_at` and what goes with it), while it is not
    over: it may have ended since it was looked at, and what is over does not open again.

    Whoever is let in for its sake alone leaves with it. Raises `TooLate`.
    """
    standing = MaintenanceWindow.objects.not_over().filter(pk=window.pk)
    if not standing.update(**times):
        guard_not_over(window)
        raise TooLate
    for name, value in times.items():
        setattr(window, name, value)
    move_end_of_bound(window.access_request.number, window.closes_at)


def tell_brokers() -> None:
    """The session actors read a window's new times within their tick anyway; this makes it
    instant, after the commit."""
    transaction.on_commit(lambda: announce(BROKERS, "look.again"))


def guard_not_over(window: MaintenanceWindow) -> None:
    zone = window.access_request.site.time_zone
    phase = window.phase()
    if phase == MaintenanceWindow.Phase.REVOKED:
        assert window.revoked_at is not None
        raise TooLate(
            _("%(name)s has already revoked this window (%(at)s).")
            % {
                "name": window.revoked_by or "Access Portal",
                "at": moment_words(window.revoked_at, zone),
            },
            code="already_revoked",
        )
    if phase == MaintenanceWindow.Phase.CLOSED:
        raise TooLate(
            _("The window closed by itself (%(at)s).")
            % {"at": moment_words(window.closes_at, zone)},
            code="window_closed",
        )


def guard_open(window: MaintenanceWindow) -> None:
    guard_not_over(window)
    if window.phase() != MaintenanceWindow.Phase.OPEN:
        raise TooLate(_("The window is not open yet."), code="window_not_open")


def guard_longer_is_possible(
    window: MaintenanceWindow, minutes: int, *, viewer: User
) -> None:
    """Judges the added time by itself, and the length of the whole.

    A companion whom something stands against is not let in then, or shown out; that
    keeps nobody else from finishing.
    """
    until = window.closes_at + timedelta(minutes=minutes)

    def against(start: datetime) -> list[Finding]:
        facts = facts_of_request(
            window.access_request, viewer=viewer, start=start, end=until
        )
        return what_stands_against(facts)

    guard_nothing_blocks(
        [finding for finding in against(window.opens_at) if finding.code == "too_long"]
        + [
            finding
            for finding in against(window.closes_at)
            if finding.code not in BEGUN and finding.about != "companions"
        ]
    )


def longer_by(
    window: MaintenanceWindow,
    minutes: int,
    *,
    extension: ExtensionRequest | None = None,
) -> Widening:
    """So many minutes more, as the contractor asked in `extension`, or by the plant itself."""
    kinds = LaterWish.Kind
    return Widening(
        kinds.LATER if extension is None else kinds.MORE_TIME,
        window.opens_at,
        window.closes_at + timedelta(minutes=minutes),
        minutes=minutes,
        extension=extension,
    )


BEGUN = frozenset({"start_passed", "too_soon"})


def decide_extension(
    extension: ExtensionRequest,
    to: ExtensionRequest.State,
    acting_user: User | None,
    reason: str,
) -> None:
    transition(
        extension,
        expected=ExtensionRequest.State.PENDING,
        to=to,
        decided_by=acting_user,
        decided_at=timezone.now(),
        decision_reason=reason[:500],
    )


def send_revoked(
    window: MaintenanceWindow, acting_user: User | None, reason: str
) -> None:
    """A listener that fails must not keep the others from ending their sessions."""
    answers = window_revoked.send_robust(
        MaintenanceWindow, window=window, acting_user=acting_user, reason=reason
    )
    for receiver, answer in answers:
        if isinstance(answer, Exception):
            logger.error("%s failed on a revoked window.", receiver, exc_info=answer)
