"""Desktops that an earlier session may have left open: asking the plant, and its answer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.origin import origin_of
from sessions.access import desktop_clearable_by, endpoint_startable_by, minds_desktops
from sessions.services.left_desktops import (
    ask_about_desktop,
    clear_desktop,
    left_desktops,
)


@never_cache
@require_GET
def desktops(request: HttpRequest) -> HttpResponse:
    """The machines on which somebody of the plant should look, those asked about first."""
    user: User = request.user  # type: ignore[assignment]
    minds_desktops(user)
    return render(request, "sessions/desktops.html", {"left": left_desktops(user)})


@require_POST
def clear(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    endpoint = desktop_clearable_by(user, pk)
    clear_desktop(endpoint, acting_user=user, origin=origin_of(request))
    messages.success(request, _("Noted: the desktop is clear. Others may connect now."))
    return redirect("desktops:list")


@require_POST
def ask(request: HttpRequest, window_pk: int, endpoint_pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    window, endpoint = endpoint_startable_by(user, window_pk, endpoint_pk)
    ask_about_desktop(window, endpoint, acting_user=user, origin=origin_of(request))
    messages.success(
        request,
        _("The plant has been asked to look. This page changes when it answers."),
    )
    return redirect("sessions:console_start", window_pk, endpoint_pk)
