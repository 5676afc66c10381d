"""Pages that belong to no step: the home page and the answers to plain errors."""

from __future__ import annotations

import os
import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accessportal.accounts.models import User
from accessportal.accounts.used_before import used_before
from accessportal.errors import NotAllowed
from accessportal.home import parts_for
from accessportal.middleware import error_response
from accessportal.rate_limits import rate_limited
from accessportal.readiness import LINK_TESTS, checks_for

LINK_TEST_BYTES = 262_144


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without a valid token: the page was stale, or it was not our page."""
    from django.utils.translation import gettext as _

    return error_response(
        request,
        NotAllowed(
            _(
                "This page was too old, so nothing was sent. Go back, reload it and try again."
            ),
            code="stale_page",
        ),
    )


@never_cache
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What needs this person now."""
    user: User = request.user  # type: ignore[assignment]
    template = (
        "home/contractor.html" if user.vendor_id is not None else "home/plant.html"
    )
    context = {**parts_for(user), "used_before": used_before(request)}
    return render(request, template, context)


@never_cache
@require_GET
def in_force(request: HttpRequest) -> HttpResponse:
    """What stands at the head of every page: stops and overrides, as they are now.

    Every page fetches them from here and not from its own address: asked for a second time,
    a page may do what it does once, such as giving out a new challenge.
    """
    return render(request, "ui/in_force.html")


@never_cache
@require_GET
@rate_limited("link-test", times=120, seconds=600)
def link_test(request: HttpRequest) -> HttpResponse:
    """So many bytes that nothing can compress, and the time here; `bytes` at most 256 KiB."""
    wanted = request.GET.get("bytes", "")
    size = min(int(wanted), LINK_TEST_BYTES) if wanted.isdecimal() else 0
    response = HttpResponse(os.urandom(size), content_type="application/octet-stream")
    response["Portal-Time"] = str(int(time.time() * 1000))
    return response


@never_cache
@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """“Am I ready?”: what will keep this person out one day, and what to do about it."""
    user: User = request.user  # type: ignore[assignment]
    checks = checks_for(user, at=timezone.now())
    needed = sum(not check.ready for check in checks)
    context = {"checks": checks, "needed": needed, "link_tests": LINK_TESTS}
    return render(request, "accounts/ready.html", context)
