"""A wish for a wider window that waits for several people: look at it, say yes or no."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible, PortalError, TooLate
from accessportal.notifications.wishes import note_seen
from accessportal.origin import origin_of
from requests.access import later_wish_decidable_by
from requests.changes import Change, changes_between
from requests.facts import (
    companions_of,
    facts_of_request,
    hash_of_facts,
    requested_endpoints,
)
from requests.feasibility import what_is_unusual
from requests.later_wishes import live_wish_of, standing_of_wish
from requests.match_words import match_words
from requests.models import LaterWish, MaintenanceWindow
from requests.services.common import guard_four_eyes
from requests.services.later_answers import (
    agree_to_wish,
    how_wish_ended,
    refuse_wish,
)
from requests.services.later_decision import seen_of_window
from requests.services.reconfirmation import BEGUN, CHECKLIST
from requests.views.approval import seen_hash

SEEN_SALT = "requests.later.seen"


@never_cache
@require_GET
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """What is asked, who has to agree, the facts as they are now, and the buttons last."""
    user: User = request.user  # type: ignore[assignment]
    wish = later_wish_decidable_by(user, pk)
    note_seen(request, wish.window.access_request.number)
    return _page(request, wish)


@require_POST
@require_fresh_factor
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    wish = later_wish_decidable_by(user, pk)
    try:
        window = agree_to_wish(
            wish,
            acting_user=user,
            origin=origin_of(request),
            facts_hash=seen_hash(request),
            reason=request.POST.get("reason", "")[:500],
            checked=request.POST.getlist("checked"),
        )
    except (TooLate, NotPossible) as error:
        return _page(request, later_wish_decidable_by(user, pk), error=error)
    said_of_later(request, window, _("Everybody has agreed. It is done."))
    return redirect("approvals:queue")


@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    wish = later_wish_decidable_by(user, pk)
    guard_four_eyes(
        wish.window.access_request, acting_user=user, origin=origin_of(request)
    )
    try:
        refuse_wish(
            wish,
            acting_user=user,
            origin=origin_of(request),
            reason=request.POST.get("reason", "")[:500],
        )
    except (TooLate, NotPossible) as error:
        return _page(request, later_wish_decidable_by(user, pk), error=error)
    messages.success(request, _("It is refused. Those concerned have been told."))
    return redirect("approvals:queue")


def said_of_later(
    request: HttpRequest, window: MaintenanceWindow | None, done: str
) -> None:
    """The message after a later yes: what was done, or that others have been asked."""
    messages.success(
        request,
        done if window else _("Others have to agree, too; they have been told."),
    )


def tell_stale(
    request: HttpRequest, window: MaintenanceWindow, error: PortalError
) -> HttpResponse:
    """Back to the request's page, with what changed since it was opened.

    Raises `error` again where it is another one.
    """
    if error.code != "facts_changed":
        raise error
    changed = [
        f"{change.what}: {change.before} → {change.now}"
        for change in what_changed(request, window)
    ]
    messages.error(request, " · ".join([str(error), *changed]))
    return redirect("requests:detail", window.access_request.number)


def seen_signed(window: MaintenanceWindow) -> dict[str, str]:
    """What a form brings back of what its page showed: the hash, and the facts themselves."""
    facts = seen_of_window(window)
    return {
        "facts_hash": hash_of_facts(facts),
        "seen": signing.dumps(facts, salt=SEEN_SALT, compress=True),
    }


def what_changed(request: HttpRequest, window: MaintenanceWindow) -> list[Change]:
    """What is different from what the page showed; the page brought it, signed."""
    try:
        before = signing.loads(request.POST.get("seen", ""), salt=SEEN_SALT)
    except signing.BadSignature:
        return []
    zone = window.access_request.site.time_zone
    return changes_between(before, seen_of_window(window), zone)


def _page(
    request: HttpRequest, wish: LaterWish, *, error: PortalError | None = None
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    window, access_request = wish.window, wish.window.access_request
    standing, live = standing_of_wish(wish, user), live_wish_of(window) == wish
    again = wish.kind == LaterWish.Kind.AGAIN
    facts = facts_of_request(
        access_request, viewer=user, start=window.opens_at, end=window.closes_at
    )
    context: dict[str, Any] = {
        "wish": wish,
        "window": window,
        "access_request": access_request,
        "site": access_request.site,
        "endpoints": requested_endpoints(access_request),
        "companions": companions_of(access_request),
        "match_words": match_words(access_request.match_key, get_language() or "en"),
        "standing": standing,
        "live": live,
        "open": live and standing.asked,
        "waits": "" if standing.asked or not live else standing.why_not(),
        "ended": "" if live else how_wish_ended(wish),
        "unusual": [one for one in what_is_unusual(facts) if one.code not in BEGUN],
        "checklist": CHECKLIST.get(window.revoke_cause, {}).items() if again else [],
        "checked": request.POST.getlist("checked"),
        "typed_reason": request.POST.get("reason", ""),
        "error": error,
        "changes": (
            what_changed(request, window)
            if error and error.code == "facts_changed"
            else []
        ),
        **seen_signed(window),
    }
    status = error.status if error else 200
    return render(request, "requests/later_decide.html", context, status=status)
