"""The mailbox as a step of signing in: the code that was mailed, or that it is too late for one."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal import audit
from accessportal.accounts.forms import MailboxCodeForm
from accessportal.accounts.models import MailboxCode
from accessportal.accounts.parking import idle_days, is_parked
from accessportal.accounts.renewal import renewal_closes_at
from accessportal.accounts.services import revival
from accessportal.accounts.services.signing import (
    advance,
    pass_step,
    sign_in_step,
    wait_for_mail,
)
from accessportal.accounts.sign_in_steps import MAILBOX, SignIn
from accessportal.errors import NotPossible, PortalError
from accessportal.origin import origin_of

PAGE = "accounts:mailbox"
OVER_PAGE = "accounts:renewal_over"
OVER = "told_that_it_is_over"


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
@sign_in_step(PAGE)
def mailbox(request: HttpRequest, sign_in: SignIn) -> HttpResponse:
    """Type the code of the mail; it is sent when this page is opened first."""
    user = sign_in.user
    form = MailboxCodeForm(request.POST or None)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            revival.take_mailbox_code(request, user, form.cleaned_data["code"])
        except PortalError as error:
            refusal = str(error.sentence)
        else:
            pass_step(request, MAILBOX)
            return redirect(advance(request))
    code = revival.open_code(request, user)
    if request.method == "GET" and code is None:
        code, refusal = _send(request, sign_in)
    context = {
        "form": form,
        "person": user,
        "days": idle_days(user),
        "parked": is_parked(user),
        "code": code,
        "refusal": refusal,
    }
    status = 422 if refusal or form.errors else 200
    return render(request, "accounts/mailbox.html", context, status=status)


def _send(request: HttpRequest, sign_in: SignIn) -> tuple[MailboxCode | None, str]:
    try:
        code = revival.send_mailbox_code(request, sign_in.user)
    except NotPossible as error:
        return None, str(error.sentence)
    # Whoever reads the mail too late is told so, and has another one sent.
    wait_for_mail(request, 2 * settings.MAILBOX_CODE_SECONDS)
    return code, ""


@login_not_required
@never_cache
@require_POST
@sign_in_step(PAGE)
def send_again(request: HttpRequest, sign_in: SignIn) -> HttpResponse:
    """Another code; the one before does not count any more."""
    _code, refusal = _send(request, sign_in)
    if refusal:
        messages.warning(request, refusal)
    else:
        messages.success(request, _("A new code is on its way to you."))
    return redirect(PAGE)


@login_not_required
@never_cache
@require_GET
@sign_in_step(OVER_PAGE)
def renewal_over(request: HttpRequest, sign_in: SignIn) -> HttpResponse:
    """Nobody is let in, and nothing set up: the time for a new second factor has passed."""
    if OVER not in sign_in.passed:  # a reload is no second attempt
        pass_step(request, OVER)
        audit.record(
            "auth.mfa.renewal.refused",
            acting_user=sign_in.user,
            subject=sign_in.user,
            origin=origin_of(request),
            result="refused",
            over_since=renewal_closes_at(sign_in.user),
        )
    context = {"person": sign_in.user, "closed_at": renewal_closes_at(sign_in.user)}
    return render(request, "accounts/renewal_over.html", context, status=403)
