"""What the plant and the contractor settle beside the picture: acknowledgements, critical
steps, more time, attendance, charge. JSON for the console, a redirect for plain forms."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import (
    confirm_from_form,
    require_fresh_factor,
)
from accessportal.errors import NotKnown, NotPossible
from accessportal.origin import origin_of
from requests.access import extension_decidable_by
from requests.models import ExtensionRequest
from requests.services.extension import grant_extension, refuse_extension
from requests.services.moving import acknowledge_recall
from sessions.access import session_chargeable_by, session_visible_to
from sessions.escorted import in_own_session
from sessions.models import BrokeredSession
from sessions.services import attendance, charge, critical_step, phrases
from sessions.views.answers import done


def _user(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]


def number_of(request: HttpRequest, name: str) -> int:
    """A number that a form of ours always brings. Raises `NotPossible`."""
    try:
        return int(request.POST.get(name, ""))
    except ValueError:
        raise NotPossible(_("The form is not complete."), code="incomplete") from None


# --- Acknowledgements ------------------------------------------------------------------------


@in_own_session
@require_POST
def acknowledge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`message`: the phrase that was read."""
    brokered_session = session_visible_to(_user(request), pk)
    phrases.acknowledge(
        brokered_session,
        acting_user=_user(request),
        origin=origin_of(request),
        message=number_of(request, "message"),
    )
    return done(request, brokered_session, _("Acknowledged."))


@require_POST
def recall_seen(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Who works has read that the plant wants the line back; as on the request's page."""
    brokered_session = session_visible_to(_user(request), pk)
    acknowledge_recall(
        brokered_session.window,
        acting_user=_user(request),
        origin=origin_of(request),
    )
    return done(request, brokered_session, _("The plant sees that you have read it."))


# --- Critical step -----------------------------------------------------------------------------


@in_own_session
@require_POST
def declare_step(request: HttpRequest, pk: UUID) -> HttpResponse:
    brokered_session = session_visible_to(_user(request), pk)
    critical_step.declare_critical_step(
        brokered_session,
        acting_user=_user(request),
        origin=origin_of(request),
        what=request.POST.get("what", ""),
        minutes=number_of(request, "minutes"),
    )
    return done(
        request,
        brokered_session,
        _("The plant has been asked. The step is protected once it is accepted."),
    )


@require_POST
def accept_step(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One tap; past the window's end the verb asks for a fresh factor."""
    brokered_session = session_chargeable_by(_user(request), pk)
    confirm_from_form(request)
    critical_step.accept_critical_step(
        brokered_session,
        acting_user=_user(request),
        origin=origin_of(request),
        step=number_of(request, "step"),
    )
    return done(
        request,
        brokered_session,
        _(
            "Accepted. Only a person's act ends or freezes the session until it is over."
        ),
    )


@require_POST
def refuse_step(request: HttpRequest, pk: UUID) -> HttpResponse:
    brokered_session = session_chargeable_by(_user(request), pk)
    critical_step.refuse_critical_step(
        brokered_session,
        acting_user=_user(request),
        origin=origin_of(request),
        step=number_of(request, "step"),
    )
    return done(request, brokered_session, _("Refused. The contractor has been told."))


@in_own_session
@require_POST
def end_step(request: HttpRequest, pk: UUID) -> HttpResponse:
    brokered_session = session_visible_to(_user(request), pk)
    critical_step.end_critical_step(
        brokered_session,
        acting_user=_user(request),
        origin=origin_of(request),
        step=number_of(request, "step"),
    )
    return done(request, brokered_session, _("The critical step is over."))


# --- More time -----------------------------------------------------------------------------------


@require_POST
@require_fresh_factor
def give_time(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Grant the wish that was seen; a new decision, so with a fresh factor."""
    brokered_session = session_chargeable_by(_user(request), pk)
    wish = _wish_of(request, brokered_session)
    longer = grant_extension(
        wish,
        acting_user=_user(request),
        origin=origin_of(request),
        reason=request.POST.get("reason", "")[:500],
        wish_hash=request.POST.get("seen", ""),
    )
    if longer is None:
        return done(
            request,
            brokered_session,
            _("Others have to agree, too; they have been told."),
        )
    sentence = ngettext(
        "%(minutes)d more minute was given.",
        "%(minutes)d more minutes were given.",
        wish.minutes,
    )
    return done(request, brokered_session, sentence % {"minutes": wish.minutes})


@require_POST
def refuse_time(request: HttpRequest, pk: UUID) -> HttpResponse:
    brokered_session = session_chargeable_by(_user(request), pk)
    refuse_extension(
        _wish_of(request, brokered_session),
        acting_user=_user(request),
        origin=origin_of(request),
        reason=request.POST.get("reason", "")[:500],
    )
    return done(request, brokered_session, _("The contractor has been told."))


def _wish_of(
    request: HttpRequest, brokered_session: BrokeredSession
) -> ExtensionRequest:
    """The wish of the form, when it belongs to this session's window."""
    wish = extension_decidable_by(_user(request), number_of(request, "wish"))
    if wish.window_id != brokered_session.window_id:
        raise NotKnown
    return wish


# --- Attendance and charge -------------------------------------------------------------------------


@require_POST
def attend(request: HttpRequest, pk: UUID) -> HttpResponse:
    brokered_session = session_chargeable_by(_user(request), pk)
    attendance.attend(
        brokered_session, acting_user=_user(request), origin=origin_of(request)
    )
    return done(request, brokered_session, _("Noted: you are at the machine."))


@require_POST
def take_charge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`instead_of`: the id of the person in charge that the page showed, empty for nobody."""
    brokered_session = session_chargeable_by(_user(request), pk)
    charge.take_charge(
        brokered_session,
        acting_user=_user(request),
        origin=origin_of(request),
        instead_of=number_of(request, "instead_of")
        if request.POST.get("instead_of")
        else None,
        reason=request.POST.get("reason", ""),
    )
    return done(request, brokered_session, _("You are in charge of this session."))
