"""The shift change: what is live, what is critical, what is open; and the hand-over itself."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.authorisation import Action, sites_where
from accessportal.accounts.models import User
from accessportal.accounts.stepup import wants_page
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.plants.roster import roster_of
from sessions.access import colleague_for, sessions_chargeable_by, shift_of
from sessions.models import BrokeredSession
from sessions.services import attendance, charge
from sessions.shift import shift_lines


@never_cache
@require_GET
def shift(request: HttpRequest) -> HttpResponse:
    """Whose the live sessions are; with `?station` large, for a screen at the machines."""
    user: User = request.user  # type: ignore[assignment]
    lines = shift_lines(shift_of(user), user)
    yours = [line for line in lines if line.yours]
    context = {
        "offered": [line for line in lines if line.offered_to_you],
        "vacant": [line for line in lines if line.vacant],
        "yours": yours,
        "others": [line for line in lines if line.somebody_elses],
        "offered_away": [line for line in yours if line.side.offered_to],
        "attended": [line for line in lines if line.side.attendance is not None],
        "attend_soon": any(line.attendance_stands_still for line in lines),
        "colleagues": charge.colleagues_for(
            [line.brokered_session for line in yours], user
        ),
        "rosters": [
            (site, roster)
            for site in sites_where(user, Action.SESSION_CHARGE)
            if (roster := roster_of(site)) is not None
        ],
    }
    return render(request, "sessions/shift.html", context)


@require_POST
def offer(request: HttpRequest) -> HttpResponse:
    """`session`: those to hand over; `to`: the colleague; `note`."""
    user: User = request.user  # type: ignore[assignment]
    rows = charge.offer_charge(
        _chosen(request, user),
        acting_user=user,
        origin=origin_of(request),
        to=colleague_for(user, request.POST.get("to", "")),
        note=request.POST.get("note", ""),
    )
    name = rows[0].charge_offered_to
    sentence = ngettext(
        "Offered to %(name)s: %(count)d session. You stay in charge until they accept.",
        "Offered to %(name)s: %(count)d sessions. You stay in charge until they accept.",
        len(rows),
    )
    return _back(request, sentence % {"name": name, "count": len(rows)})


@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    rows = charge.accept_charge(
        _chosen(request, user), acting_user=user, origin=origin_of(request)
    )
    sentence = ngettext(
        "You are in charge of %(count)d session.",
        "You are in charge of %(count)d sessions.",
        len(rows),
    )
    return _back(request, sentence % {"count": len(rows)})


@require_POST
def decline(request: HttpRequest) -> HttpResponse:
    """Turn an offer down, or take one's own back."""
    user: User = request.user  # type: ignore[assignment]
    charge.decline_charge(
        _chosen(request, user),
        acting_user=user,
        origin=origin_of(request),
        reason=request.POST.get("reason", ""),
    )
    return _back(request, _("The charge stays where it was."))


@require_POST
def attend(request: HttpRequest) -> HttpResponse:
    """One tap for all machines in sight that need somebody."""
    user: User = request.user  # type: ignore[assignment]
    attended = attendance.attend_all(
        _chosen(request, user), acting_user=user, origin=origin_of(request)
    )
    sentence = ngettext(
        "Noted: you are there. %(count)d session goes on.",
        "Noted: you are there. %(count)d sessions go on.",
        len(attended),
    )
    return _back(request, sentence % {"count": len(attended)})


def _chosen(request: HttpRequest, user: User) -> list[BrokeredSession]:
    """The sessions that the form names, through the guard."""
    ids = request.POST.getlist("session")
    if not ids:
        raise NotPossible(_("Choose at least one session."), code="none_chosen")
    try:
        wanted = [UUID(one) for one in ids]
    except ValueError:
        raise NotPossible(_("The form is not complete."), code="incomplete") from None
    return sessions_chargeable_by(user, wanted)


def _back(request: HttpRequest, sentence: str) -> HttpResponse:
    """JSON for the watch page; a plain form goes back to the shift change."""
    if not wants_page(request):
        return JsonResponse({"sentence": sentence})
    messages.success(request, sentence)
    return redirect("sessions:shift")
