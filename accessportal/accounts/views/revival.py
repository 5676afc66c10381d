"""The last step into a parked account: the code that was mailed to its address."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accessportal.accounts.forms import MailboxCodeForm
from accessportal.accounts.models import MailboxCode
from accessportal.accounts.parking import idle_days
from accessportal.accounts.services import revival
from accessportal.accounts.services.signing import (
    advance,
    sign_in_step,
    wait_for_mail,
)
from accessportal.accounts.sign_in_steps import SignIn
from accessportal.errors import NotPossible, PortalError

PAGE = "accounts:mailbox"


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
            revival.revive_by_mailbox(request, user, form.cleaned_data["code"])
        except PortalError as error:
            refusal = str(error.sentence)
        else:
            return redirect(advance(request))
    code = revival.open_code(request, user)
    if request.method == "GET" and code is None:
        code, refusal = _send(request, sign_in)
    context = {
        "form": form,
        "person": user,
        "days": idle_days(user),
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
