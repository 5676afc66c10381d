"""A series as a whole, and one's own window given back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accessportal.accounts.models import User
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from requests.access import window_revocable_by, window_usable_by
from requests.services.giving_back import give_window_back
from requests.services.series import revoke_series


@require_POST
def revoke_all(request: HttpRequest, number: str) -> HttpResponse:
    """Every window of the series that is not over. No fresh factor: stopping is fast."""
    user: User = request.user  # type: ignore[assignment]
    window = window_revocable_by(user, number)
    reason = request.POST.get("reason", "")[:2000]
    if not reason.strip():
        raise NotPossible(_("Say why the window is revoked."), code="reason_missing")
    count = revoke_series(
        window.access_request,
        acting_user=user,
        origin=origin_of(request),
        reason=reason,
    )
    messages.success(
        request,
        ngettext(
            "%(count)s window is revoked.", "%(count)s windows are revoked.", count
        )
        % {"count": count},
    )
    return redirect("requests:detail", number)


@require_POST
def give_back(request: HttpRequest, number: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    give_window_back(
        window_usable_by(user, number),
        acting_user=user,
        origin=origin_of(request),
        reason=request.POST.get("reason", "")[:500],
    )
    messages.success(
        request, _("The plant knows that you do not need this window any more.")
    )
    return redirect("requests:detail", number)
