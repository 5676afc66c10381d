"""Letting a session go on while its picture cannot be recorded: an exception, by name."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accessportal.accounts.stepup import require_fresh_factor
from accessportal.origin import origin_of
from sessions.access import session_chargeable_by
from sessions.services import recording_failures
from sessions.views.answers import done


@require_POST
@require_fresh_factor
def continue_unrecorded(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A person of the plant says to be at the machine, and why the work cannot wait."""
    brokered_session = session_chargeable_by(request.user, pk)  # type: ignore[arg-type]
    recording_failures.continue_unrecorded(
        brokered_session,
        acting_user=request.user,  # type: ignore[arg-type]
        origin=origin_of(request),
        reason=request.POST.get("reason", ""),
    )
    return done(
        request,
        brokered_session,
        _("It goes on without a picture of it. Stay at the machine."),
    )
