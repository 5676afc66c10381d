"""More of a window's time: asked for by the contractor, granted or refused by the plant."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin
from requests.later_wishes import demands_later, is_for_one_alone
from requests.live_sessions import told_of_wishes
from requests.models import ExtensionRequest, LaterWish, MaintenanceWindow
from requests.services.common import (
    guard_four_eyes,
    guard_may,
    lock_endpoints,
    tell_of_window,
)
from requests.services.later_decision import (
    ask_others,
    end_wish,
    everybody_agrees,
    guard_seen,
    guard_widening,
    open_wish,
)
from requests.services.window import (
    change_times,
    decide_extension,
    guard_longer_is_possible,
    guard_open,
    locked_window,
    longer_by,
    tell_brokers,
)

EXTENSION_MINUTES = (15, 30, 60, 120)


def seen_of_extension(
    extension: ExtensionRequest, closes_at: datetime
) -> dict[str, Any]:
    """What a screen that shows the work itself says of the wish; `closes_at`: the end of the
    window, as it stands there."""
    return {
        "wish": extension.pk,
        "minutes": extension.minutes,
        "reason": extension.reason,
        "until": closes_at.isoformat(),
    }


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

    if _ask_everybody(extension, window):
        return extension
    tell_of_window(
        window,
        told_of_wishes(window),
        "window.extension.requested",
        about=("windows",),
        minutes=minutes,
        reason=reason,
    )
    return extension


def ask_again_for_more_time(window: MaintenanceWindow) -> None:
    """The window is another one than those were asked about who have to agree to more time:
    they are asked at once about that. Announced by the verb that ended their wish."""
    extension = window.extension_requests.filter(
        state=ExtensionRequest.State.PENDING
    ).first()
    if extension is not None and window.phase() == MaintenanceWindow.Phase.OPEN:
        _ask_everybody(extension, window)


def _ask_everybody(extension: ExtensionRequest, window: MaintenanceWindow) -> bool:
    """Open the wish to which all have to agree; False where one person decides alone."""
    access_request, by = window.access_request, extension.asked_by
    longer = longer_by(window, extension.minutes, extension=extension)
    demands = demands_later(access_request, longer.opens_at, longer.closes_at)
    if is_for_one_alone(demands):
        return False
    wish = open_wish(window, longer, demands, reason=extension.reason, opened_by=by)
    ask_others(wish, by=by)
    return True


def grant_extension(
    extension: ExtensionRequest,
    *,
    acting_user: User,
    origin: Origin,
    reason: str = "",
    minutes: int | None = None,
    facts_hash: str | None = None,
    wish_hash: str | None = None,
) -> MaintenanceWindow | None:
    """Give more time (or other `minutes`): a new decision, so four eyes and a fresh factor.

    `facts_hash`: of what a page of the decision showed; `wish_hash`: of what a screen beside
    the work did (`seen_of_extension`). Raises `TooLate` (code `facts_changed`) where that is
    no longer so. None: a yes after which others are needed (`requests.services.later_decision`).
    """
    access_request = extension.window.access_request
    guard_four_eyes(access_request, acting_user=acting_user, origin=origin)
    minutes = extension.minutes if minutes is None else minutes
    if not 5 <= minutes <= 240:
        raise NotPossible(_("Ask for 5 to 240 minutes."), code="minutes_out_of_range")
    return _grant(
        extension,
        acting_user=acting_user,
        origin=origin,
        reason=reason.strip(),
        minutes=minutes,
        facts_hash=facts_hash,
        wish_hash=wish_hash,
    )


@transaction.atomic
def _grant(
    extension: ExtensionRequest,
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
    minutes: int,
    facts_hash: str | None,
    wish_hash: str | None,
) -> MaintenanceWindow | None:
    window = locked_window(extension.window)
    access_request = window.access_request
    lock_endpoints(access_request)

    before, after = window.closes_at, window.closes_at + timedelta(minutes=minutes)
    longer = longer_by(window, minutes, extension=extension)
    _guard_undecided(extension)
    guard_open(window)
    guard_seen(seen_of_extension(extension, before), wish_hash)
    later_yes = guard_widening(
        window, longer, acting_user=acting_user, origin=origin, facts_hash=facts_hash
    )
    guard_longer_is_possible(window, minutes, viewer=acting_user)

    if not everybody_agrees(
        window,
        longer,
        later_yes,
        said={
            "extension": {
                "minutes": minutes,
                "reason": extension.reason,
                "until": after.isoformat(),
            }
        },
        reason=reason or extension.reason,
        acting_user=acting_user,
        origin=origin,
    ):
        return None
    decide_extension(extension, ExtensionRequest.State.GRANTED, acting_user, reason)
    change_times(window, closes_at=after)

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
        **later_yes.lent,
    )

    tell_of_window(
        window,
        [access_request.requested_by],
        "window.extended",
        about=("requests", "windows"),
        decider=acting_user.full_name,
        reason=reason,
    )
    tell_brokers()
    return window


@transaction.atomic
def refuse_extension(
    extension: ExtensionRequest, *, acting_user: User, origin: Origin, reason: str
) -> ExtensionRequest:
    """Give no more time, with a reason; the window ends as it was."""
    window = locked_window(extension.window)
    reason = reason.strip()

    guard_may(acting_user, Action.REQUEST_DECIDE, window.access_request.site)
    return refused_extension(
        extension, window, acting_user=acting_user, origin=origin, reason=reason
    )


def refused_extension(
    extension: ExtensionRequest,
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
) -> ExtensionRequest:
    """What every refusal of more time comes to, within a verb that has locked the window and
    has said who may."""
    access_request = window.access_request

    _guard_undecided(extension)
    if not reason:
        raise NotPossible(_("Say why there is no more time."), code="reason_missing")

    decide_extension(extension, ExtensionRequest.State.REFUSED, acting_user, reason)
    end_wish(window, LaterWish.State.REFUSED, acting_user=acting_user, reason=reason)

    record(
        "window.extension.refused",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason,
        minutes=extension.minutes,
    )

    tell_of_window(
        window,
        [access_request.requested_by],
        "window.extension.refused",
        about=("windows",),
        decider=acting_user.full_name,
        reason=reason,
    )
    return extension


def _guard_undecided(extension: ExtensionRequest) -> None:
    extension.refresh_from_db()
    if extension.state != ExtensionRequest.State.PENDING:
        raise TooLate(
            _("%(name)s has already answered this wish for more time.")
            % {"name": extension.decided_by or "Access Portal"},
            code="extension_decided",
        )
