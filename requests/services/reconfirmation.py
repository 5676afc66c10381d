"""Windows that fall with a site, a vendor or an address, and come back by a new decision each.

Nothing comes back by itself (architecture, promise 12): lifting an isolation or a
suspension leaves every window revoked until somebody who decides confirms it again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accessportal.accounts.models import User, Vendor
from accessportal.audit import record
from accessportal.errors import NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.plants.models import Endpoint, Site
from accessportal.transitions import transition
from requests.facts import facts_of_request
from requests.feasibility import what_is_unusual
from requests.models import (
    AccessRequest,
    ExtensionRequest,
    LaterWish,
    MaintenanceWindow,
)
from requests.services.common import (
    guard_four_eyes,
    guard_nothing_blocks,
    lock_endpoints,
    locked_request,
    path_of,
    said_of,
    tell_pages,
)
from requests.services.later_decision import (
    Widening,
    end_wish,
    everybody_agrees,
    guard_widening,
)
from requests.wishes import Finding
from requests.wording import moment_words

RevokeCause = MaintenanceWindow.RevokeCause

CHECKLIST: dict[str, dict[str, str | Promise]] = {
    RevokeCause.ISOLATION: {
        "still_needed": gettext_lazy(
            "The work is still needed, at this time and on these machines."
        ),
    },
    RevokeCause.ADDRESS: {
        "address_right": gettext_lazy(
            "The new address is that of the machine that was agreed to."
        ),
        "still_needed": gettext_lazy(
            "The work is still needed, at this time and on these machines."
        ),
    },
    RevokeCause.SUSPENSION: {
        "cause_removed": gettext_lazy(
            "The reason for the suspension is dealt with, and it is known by whom."
        ),
        "person_confirmed": gettext_lazy(
            "The company has confirmed that this person still does this work."
        ),
        "still_needed": gettext_lazy(
            "The work is still needed, at this time and on these machines."
        ),
    },
}
"""What the deciding person confirms before a fallen window stands again, by its cause."""

BEGUN = frozenset({"start_passed", "too_soon", "too_long", "short_notice"})
"""What does not stand against a window that was approved before."""


@transaction.atomic
def let_windows_fall(
    *,
    site: Site | None = None,
    vendor: Vendor | None = None,
    person: User | None = None,
    endpoint: Endpoint | None = None,
    acting_user: User,
    origin: Origin,
    reason: str,
) -> list[MaintenanceWindow]:
    """Revoke every window of a site, vendor, person or endpoint that is open or to come.

    Returns them. Part of isolating, suspending, of a person's leaving and a machine's move,
    which guard who may do that. What falls with a person does not come back by being
    confirmed again.
    """
    now = timezone.now()
    of_it: dict[str, Any]
    if site is not None:
        cause, of_it = str(RevokeCause.ISOLATION), {"site": site}
    elif vendor is not None:
        cause, of_it = str(RevokeCause.SUSPENSION), {"vendor": vendor}
    elif endpoint is not None:
        cause, of_it = str(RevokeCause.ADDRESS), {"endpoints": endpoint}
    else:
        cause, of_it = "", {"requested_by": person}
    standing = MaintenanceWindow.objects.not_over(at=now)
    locked = list(
        AccessRequest.objects.select_for_update(of=("self",))
        .filter(window__in=standing, **of_it)
        .select_related("site", "vendor", "requested_by__vendor")
        .order_by("pk")
    )
    windows = list(standing.filter(access_request__in=[one.pk for one in locked]))
    for window in windows:
        window.access_request = next(
            one for one in locked if one.pk == window.access_request_id
        )
        window.access_request.window = window

    MaintenanceWindow.objects.filter(pk__in=[one.pk for one in windows]).update(
        revoked_at=now,
        revoked_by=acting_user,
        revoke_reason=reason,
        revoke_cause=cause,
        reconfirmed_at=None,
        reconfirmed_by=None,
    )
    for window in windows:
        _refuse_open_wish(window, acting_user, now)
        end_wish(
            window, LaterWish.State.OUTDATED, acting_user=acting_user, reason=reason
        )
        record(
            "window.revoked",
            acting_user=acting_user,
            subject=window,
            origin=origin,
            access_request=window.access_request,
            reason=reason,
            cause=cause,
        )
        notify(
            [] if person is not None else [window.access_request.requested_by],
            "window.revoked",
            path=path_of(window.access_request),
            revoker=acting_user.full_name,
            reason=reason,
            **said_of(window.access_request),
        )
        tell_pages(window.access_request, about=("requests", "windows"))
    return windows


def reconfirm_window(
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    checked: Collection[str],
    reason: str = "",
) -> MaintenanceWindow | None:
    """Let one fallen window stand again, up to the end it had: a new decision.

    `facts_hash` is of the facts the decider saw, `checked` the points of `CHECKLIST` that
    were confirmed. None: a yes after which others are needed. Raises `TooLate`,
    `FreshFactorNeeded`, `NotAllowed`, `NotPossible`.
    """
    guard_four_eyes(window.access_request, acting_user=acting_user, origin=origin)
    return _reconfirm(
        window,
        acting_user=acting_user,
        origin=origin,
        facts_hash=facts_hash,
        checked=checked,
        reason=reason.strip(),
    )


@transaction.atomic
def _reconfirm(
    window: MaintenanceWindow,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    checked: Collection[str],
    reason: str,
) -> MaintenanceWindow | None:
    access_request = locked_request(window.access_request_id)
    lock_endpoints(access_request)
    window = MaintenanceWindow.objects.select_related("revoked_by").get(pk=window.pk)
    access_request.window = window

    again = Widening(LaterWish.Kind.AGAIN, window.opens_at, window.closes_at)
    _guard_fallen(window, access_request)
    later_yes = guard_widening(
        window, again, acting_user=acting_user, origin=origin, facts_hash=facts_hash
    )
    guard_nothing_blocks(what_is_unusual_now(window, viewer=acting_user))
    if set(CHECKLIST[window.revoke_cause]) - set(checked):
        raise NotPossible(
            _("Confirm each point before the window stands again."),
            code="checklist_incomplete",
        )

    reconfirmed: dict[str, Any] = {
        "revoked_at": window.revoked_at.isoformat() if window.revoked_at else None,
        "revoked_by": str(window.revoked_by or ""),
        "revoke_reason": window.revoke_reason,
        "cause": window.revoke_cause,
        "checked": sorted(checked),
        "closes_at": window.closes_at.isoformat(),
    }
    if not everybody_agrees(
        window,
        again,
        later_yes,
        said={"reconfirmed": reconfirmed},
        reason=reason,
        acting_user=acting_user,
        origin=origin,
    ):
        return None
    now = timezone.now()
    changed = MaintenanceWindow.objects.filter(
        pk=window.pk, revoked_at=window.revoked_at, closes_at__gt=now
    ).update(
        revoked_at=None,
        revoked_by=None,
        revoke_reason="",
        revoke_cause="",
        reconfirmed_at=now,
        reconfirmed_by=acting_user,
    )
    if changed != 1:
        raise TooLate
    record(
        "window.reconfirmed",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason,
        **reconfirmed,
        **later_yes.lent,
    )

    window.refresh_from_db()
    access_request.window = window
    notify(
        [access_request.requested_by],
        "window.reconfirmed",
        path=path_of(access_request),
        decider=acting_user.full_name,
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request, about=("requests", "windows"))
    return window


def what_is_unusual_now(window: MaintenanceWindow, *, viewer: User) -> list[Finding]:
    """What speaks against a fallen window, or is to be weighed, for what is left of its time."""
    start = min(max(window.opens_at, timezone.now()), window.closes_at)
    facts = facts_of_request(
        window.access_request, viewer=viewer, start=start, end=window.closes_at
    )
    return [finding for finding in what_is_unusual(facts) if finding.code not in BEGUN]


def _guard_fallen(window: MaintenanceWindow, access_request: AccessRequest) -> None:
    """It fell with something else, nobody was first, and there is time left in it."""
    if window.revoked_at is None:
        raise TooLate(
            _("%(name)s has already confirmed this window again.")
            % {"name": window.reconfirmed_by or "Access Portal"},
            code="already_reconfirmed",
        )
    if not window.revoke_cause:
        raise NotPossible(
            _(
                "This window was revoked by itself. It does not come back: a new request is needed."
            ),
            code="revoked_by_itself",
        )
    if window.closes_at <= timezone.now():
        raise TooLate(
            _("The time of this window is over (%(at)s).")
            % {"at": moment_words(window.closes_at, access_request.site.time_zone)},
            code="window_closed",
        )


def _refuse_open_wish(
    window: MaintenanceWindow, acting_user: User, now: datetime
) -> None:
    for wish in window.extension_requests.filter(state=ExtensionRequest.State.PENDING):
        transition(
            wish,
            expected=ExtensionRequest.State.PENDING,
            to=ExtensionRequest.State.REFUSED,
            decided_by=acting_user,
            decided_at=now,
            decision_reason=_("The window was revoked."),
        )
