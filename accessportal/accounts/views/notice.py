"""The notice of recording, as a step of signing in where this version was not accepted yet."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accessportal.accounts.notice import NOTICE_VERSION, accept_notice
from accessportal.accounts.services.signing import advance, sign_in_step
from accessportal.accounts.sign_in_steps import SignIn
from accessportal.origin import origin_of


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
@sign_in_step("accounts:notice")
def notice(request: HttpRequest, sign_in: SignIn) -> HttpResponse:
    """Read it, accept it, go on."""
    asked = request.method == "POST"
    if asked and request.POST.get("notice") == NOTICE_VERSION:
        accept_notice(
            acting_user=sign_in.user, version=NOTICE_VERSION, origin=origin_of(request)
        )
        return redirect(advance(request))
    context = {"notice_version": NOTICE_VERSION, "missing": asked}
    status = 422 if asked else 200
    return render(request, "accounts/notice.html", context, status=status)
