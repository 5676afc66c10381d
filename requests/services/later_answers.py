"""Answering a wish that waits for several people: a yes is the verb's own, a no ends it."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin
from requests.later_wishes import (
    live_wish_of,
    standing_of_wish,
    steps_of_wish,
    yeses_to,
)
from requests.lent import said_of_lent_agreement
from requests.models import LaterWish, MaintenanceWindow
from requests.services.common import path_of, said_of, tell_pages
from requests.services.extension import grant_extension, refused_extension
from requests.services.later_decision import end_wish
from requests.services.moving import close_later, open_early
from requests.services.reconfirmation import reconfirm_window
from requests.services.window import locked_window


def agree_to_wish(
    wish: LaterWish,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str,
    reason: str = "",
    checked: Collection[str] = (),
) -> MaintenanceWindow | None:
    """One more yes to exactly this; the last one carries it out, the others return None.

    `checked`: the points confirmed of a window that is to stand again. Raises as the verbs do.
    """
    window, kinds = wish.window, LaterWish.Kind
    if wish.state != LaterWish.State.PENDING:
        raise TooLate(how_wish_ended(wish), code="wish_closed")
    if wish.kind == kinds.EARLIER:
        return open_early(
            window,
            acting_user=acting_user,
            origin=origin,
            reason=reason or wish.reason,
            facts_hash=facts_hash,
        )
    if wish.kind == kinds.AGAIN:
        return reconfirm_window(
            window,
            acting_user=acting_user,
            origin=origin,
            facts_hash=facts_hash,
            checked=checked,
            reason=reason,
        )
    assert wish.minutes is not None  # a constraint says so
    if wish.extension is not None:
        return grant_extension(
            wish.extension,
            acting_user=acting_user,
            origin=origin,
            reason=reason,
            minutes=wish.minutes,
            facts_hash=facts_hash,
        )
    return close_later(
        window,
        acting_user=acting_user,
        origin=origin,
        reason=reason or wish.reason,
        minutes=wish.minutes,
        facts_hash=facts_hash,
    )


@transaction.atomic
def refuse_wish(
    wish: LaterWish, *, acting_user: User, origin: Origin, reason: str
) -> LaterWish:
    """One no, of anybody who is asked in it, ends it; the window stays as it is. It narrows, so
    it needs no fresh factor. Raises `TooLate`, `NotAllowed`, `NotPossible` without a reason."""
    window = locked_window(wish.window)
    access_request, reason = window.access_request, reason.strip()

    wish.refresh_from_db()
    wish.window = window
    places = standing_of_wish(wish, acting_user).places
    if not places:
        raise NotAllowed
    if live_wish_of(window) != wish:
        raise TooLate(how_wish_ended(wish), code="wish_closed")
    if not reason:
        raise NotPossible(_("Say why."), code="reason_missing")
    site = access_request.site
    lent = said_of_lent_agreement(acting_user, places, steps_of_wish(wish), site)
    told = {yes.decided_by for yes in yeses_to(wish)} | {wish.opened_by}

    if wish.extension is not None:
        refused_extension(
            wish.extension,
            window,
            acting_user=acting_user,
            origin=origin,
            reason=reason,
        )
        told -= {wish.extension.asked_by}  # has read it as the answer to the own wish
    else:
        end_wish(
            window, LaterWish.State.REFUSED, acting_user=acting_user, reason=reason
        )

    record(
        "window.wish.refused",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason,
        kind=wish.kind,
        minutes=wish.minutes,
        **lent,
    )

    notify(
        [person for person in told if person != acting_user],
        "window.wish.refused",
        path=path_of(access_request),
        decider=acting_user.full_name,
        what=wish.get_kind_display,
        reason=reason,
        **said_of(access_request),
    )
    tell_pages(access_request, about=("requests", "windows"))
    return wish


def how_wish_ended(wish: LaterWish) -> str:
    """Why a wish can be answered no more."""
    if wish.state == LaterWish.State.AGREED:
        return _("Everybody has agreed already.")
    if wish.state == LaterWish.State.REFUSED:
        return _("%(name)s has refused it already.") % {
            "name": wish.closed_by or "Access Portal"
        }
    return _("The window is another one now, or over: there is nothing to decide.")
