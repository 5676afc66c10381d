"""Pages that belong to no step: the home page and the answers to plain errors."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accessportal.errors import NotAllowed
from accessportal.middleware import error_response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without a valid token: the page was stale, or it was not our page."""
    from django.utils.translation import gettext as _

    return error_response(
        request,
        NotAllowed(
            _("This page was too old, so nothing was sent. Go back, reload it and try again."),
            code="stale_page",
        ),
    )


def home(request: HttpRequest) -> HttpResponse:
    """What needs this person now."""
    return render(request, "home.html")
