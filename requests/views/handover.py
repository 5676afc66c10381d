"""The line from hand to hand, and a window that is moved or called back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible, TooLate
from accessportal.origin import origin_of
from requests.access import (
    handover_acceptable_by,
    window_givable_by,
    window_movable_by,
    window_revocable_by,
    window_usable_by,
    window_visible_to,
)
from requests.services.handover import (
    accept_line,
    give_line,
    hand_line_back,
    postpone_line,
)
from requests.services.moving import (
    acknowledge_recall,
    close_later,
    open_early,
    recall_window,
)
from requests.views.approval import seen_hash
from requests.views.later import said_of_later, tell_stale


@require_POST
def give(request: HttpRequest, number: str) -> HttpResponse:
    """The checklist is ticked: the line is theirs."""
    user: User = request.user  # type: ignore[assignment]
    window = window_givable_by(user, number)
    ticked = {int(pk) for pk in request.POST.getlist("ticked") if pk.isdecimal()}
    values = {
        int(name.removeprefix("value-")): str(value)[:200]
        for name, value in request.POST.items()
        if name.startswith("value-") and name.removeprefix("value-").isdecimal()
    }
    give_line(
        window,
        acting_user=user,
        origin=origin_of(request),
        ticked=ticked,
        values=values,
    )
    name = window.access_request.requested_by
    messages.success(request, _("%(name)s knows: the line is theirs.") % {"name": name})
    return redirect("requests:detail", number)


@require_POST
def postpone(request: HttpRequest, number: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    window = window_givable_by(user, number)
    postpone_line(window, acting_user=user, origin=origin_of(request))
    name = window.access_request.requested_by
    messages.success(request, _("%(name)s has been told.") % {"name": name})
    return redirect("requests:detail", number)


@require_POST
def hand_back(request: HttpRequest, number: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    hand_line_back(
        window_usable_by(user, number),
        acting_user=user,
        origin=origin_of(request),
        what_was_done=request.POST.get("what_was_done", ""),
        state_left=request.POST.get("state_left", ""),
    )
    messages.success(request, _("The plant has your note."))
    return redirect("requests:detail", number)


@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    turn = handover_acceptable_by(user, pk)
    accept_line(
        turn,
        acting_user=user,
        origin=origin_of(request),
        note=request.POST.get("reason", ""),
    )
    messages.success(request, _("The line is back with the plant."))
    return redirect("requests:detail", turn.window.access_request.number)


@require_POST
@require_fresh_factor
def begin_now(request: HttpRequest, number: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    window = window_movable_by(user, number)
    try:
        moved = open_early(
            window,
            acting_user=user,
            origin=origin_of(request),
            reason=request.POST.get("reason", "")[:500],
            facts_hash=seen_hash(request),
        )
    except TooLate as error:
        return tell_stale(request, window, error)
    said_of_later(request, moved, _("The window is open from now on."))
    return redirect("requests:detail", number)


@require_POST
@require_fresh_factor
def longer(request: HttpRequest, number: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    window = window_movable_by(user, number)
    try:
        moved = close_later(
            window,
            acting_user=user,
            origin=origin_of(request),
            reason=request.POST.get("reason", "")[:500],
            facts_hash=seen_hash(request),
            minutes=_minutes(request),
        )
    except TooLate as error:
        return tell_stale(request, window, error)
    said_of_later(request, moved, _("The window closes later."))
    return redirect("requests:detail", number)


@require_POST
def recall(request: HttpRequest, number: str) -> HttpResponse:
    """Makes shorter: no fresh factor."""
    user: User = request.user  # type: ignore[assignment]
    window = window_revocable_by(user, number)
    recall_window(
        window,
        acting_user=user,
        origin=origin_of(request),
        minutes=_minutes(request),
        reason=request.POST.get("reason", "")[:500],
    )
    messages.success(request, _("They have been told to give it back."))
    return redirect("requests:detail", number)


@require_POST
def recall_seen(request: HttpRequest, number: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    acknowledge_recall(
        window_visible_to(user, number), acting_user=user, origin=origin_of(request)
    )
    messages.success(request, _("The plant sees that you have read it."))
    return redirect("requests:detail", number)


def _minutes(request: HttpRequest) -> int:
    try:
        return int(request.POST.get("minutes", ""))
    except ValueError:
        raise NotPossible(
            _("Say for how many minutes."), code="minutes_missing"
        ) from None
