"""The bound in time: revoke it, ask for more of it, grant or refuse that."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.accounts.web_sessions import move_end_of_bound
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.live import announce
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.transitions import transition
from requests.facts import facts_of_request, hash_of_facts, seen_by_approver
from requests.feasibility import what_stands_against
from requests.live_sessions import told_of_wishes
from requests.models import ApprovalDecision, ExtensionRequest, MaintenanceWindow
from requests.services.common import (
    guard_factor,
    guard_four_eyes,
    guard_may,
    guard_nothing_blocks,
    lock_endpoints,
    locked_request,
    path_of,
    people_of,
    said_of,
    tell_pages,
)
from requests.signals import window_revoked
from requests.wishes import Finding
from requests.wording import moment_words

logger = logging.getLogger(__name__)

EXTENSION_MINUTES = (15, 30, 60, 120)
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
    for extension in window.extension_requests.filter(
        state=ExtensionRequest.State.PENDING
    ):
        _decide_extension(
            extension,
            ExtensionRequest.State.REFUSED,
            acting_user,
            _("The window was revoked."),
        )

    record(
        "window.revoked",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason,
    )

    notify(
        people_of(access_request),
        "window.revoked",
        path=path_of(access_request),
        revoker=str(acting_user or "Access Portal"),
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request, about=("requests", "windows"))
    transaction.on_commit(lambda: send_revoked(window, acting_user, reason))
    return window


@transaction.atomic
def request_extension(
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
    minutes: int,
    reason: str,
) -> ExtensionRequest:
    """The contractor asks for 5 to 240 more minutes of an open window, with a reason."""
    window = locked_window(window)
    access_request, reason = window.access_request, reason.strip()

    if access_request.requested_by_id != acting_user.pk:
        raise NotAllowed
    guard_open(window)
    if not 5 <= minutes <= 240:
        raise NotPossible(_("Ask for 5 to 240 minutes."), code="minutes_out_of_range")
    if not reason:
        raise NotPossible(_("Say what the time is needed for."), code="reason_missing")
    guard_longer_is_possible(window, minutes, viewer=acting_user)

    try:
        with transaction.atomic():
            extension = ExtensionRequest.objects.create(
                window=window, minutes=minutes, reason=reason, asked_by=acting_user
            )
    except IntegrityError as error:
        raise TooLate(
            _("You have asked for more time already; the plant has not answered yet."),
            code="extension_pending",
        ) from error

    record(
        "window.extension.requested",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason,
        minutes=minutes,
    )

    notify(
        told_of_wishes(window),
        "window.extension.requested",
        path=path_of(access_request),
        minutes=minutes,
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request, about=("windows",))
    return extension


def grant_extension(
    extension: ExtensionRequest,
    *,
    acting_user: User,
    origin: Origin,
    reason: str = "",
    minutes: int | None = None,
) -> MaintenanceWindow:
    """Give more time (or other `minutes`): a new decision, so four eyes and a fresh factor."""
    access_request = extension.window.access_request
    guard_four_eyes(access_request, acting_user=acting_user, origin=origin)
    return _grant(
        extension,
        acting_user=acting_user,
        origin=origin,
        reason=reason.strip(),
        minutes=extension.minutes if minutes is None else minutes,
    )


@transaction.atomic
def _grant(
    extension: ExtensionRequest,
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
    minutes: int,
) -> MaintenanceWindow:
    window = locked_window(extension.window)
    access_request = window.access_request
    lock_endpoints(access_request)

    guard_may(acting_user, Action.REQUEST_DECIDE, access_request.site)
    _guard_undecided(extension)
    guard_open(window)
    guard_factor(access_request, acting_user, origin)
    if not 5 <= minutes <= 240:
        raise NotPossible(_("Ask for 5 to 240 minutes."), code="minutes_out_of_range")
    guard_longer_is_possible(window, minutes, viewer=acting_user)

    before, after = window.closes_at, window.closes_at + timedelta(minutes=minutes)
    _decide_extension(extension, ExtensionRequest.State.GRANTED, acting_user, reason)
    MaintenanceWindow.objects.filter(pk=window.pk).update(closes_at=after)
    window.closes_at = after
    move_end_of_bound(access_request.number, after)
    facts = {
        **seen_by_approver(access_request),
        "extension": {
            "minutes": minutes,
            "reason": extension.reason,
            "until": after.isoformat(),
        },
    }
    ApprovalDecision.objects.create(
        access_request=access_request,
        step=access_request.decisions.count() + 1,
        verdict=ApprovalDecision.Verdict.APPROVED,
        decided_by=acting_user,
        requested_by=access_request.requested_by,
        decider_vendor=acting_user.vendor,
        reason=reason or extension.reason,
        facts=facts,
        facts_hash=hash_of_facts(facts),
        factor=origin.factor,
        source_address=origin.address,
        user_agent=origin.user_agent,
    )

    record(
        "window.extended",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason or extension.reason,
        minutes=minutes,
        closed_before=before.isoformat(),
        closes_at=after.isoformat(),
    )

    access_request.window = window
    notify(
        [access_request.requested_by],
        "window.extended",
        path=path_of(access_request),
        decider=acting_user.full_name,
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request, about=("requests", "windows"))
    # The session actors read the new end within their tick anyway; this makes it instant.
    transaction.on_commit(lambda: announce(BROKERS, "look.again"))
    return window


@transaction.atomic
def refuse_extension(
    extension: ExtensionRequest, *, acting_user: User, origin: Origin, reason: str
) -> ExtensionRequest:
    """Give no more time, with a reason; the window ends as it was."""
    window = locked_window(extension.window)
    access_request, reason = window.access_request, reason.strip()

    guard_may(acting_user, Action.REQUEST_DECIDE, access_request.site)
    _guard_undecided(extension)
    if not reason:
        raise NotPossible(_("Say why there is no more time."), code="reason_missing")

    _decide_extension(extension, ExtensionRequest.State.REFUSED, acting_user, reason)

    record(
        "window.extension.refused",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason,
        minutes=extension.minutes,
    )

    notify(
        [access_request.requested_by],
        "window.extension.refused",
        path=path_of(access_request),
        decider=acting_user.full_name,
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request, about=("windows",))
    return extension


def locked_window(window: MaintenanceWindow) -> MaintenanceWindow:
    """The window as it is now, under the lock of its request."""
    access_request = locked_request(window.access_request_id)
    window = MaintenanceWindow.objects.get(pk=window.pk)
    window.access_request = access_request
    access_request.window = window
    return window


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


def _guard_undecided(extension: ExtensionRequest) -> None:
    extension.refresh_from_db()
    if extension.state != ExtensionRequest.State.PENDING:
        raise TooLate(
            _("%(name)s has already answered this wish for more time.")
            % {"name": extension.decided_by or "Access Portal"},
            code="extension_decided",
        )


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


BEGUN = frozenset({"start_passed", "too_soon"})


def _decide_extension(
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
