"""The pages of signing in (the steps are in `sign_in_steps`), sign-out, language."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from accessportal.accounts import factors
from accessportal.accounts.escorted import open_to_escorted
from accessportal.accounts.factor_rules import guard_factor_counts
from accessportal.accounts.forms import (
    CodeForm,
    FirstCodeForm,
    RecoveryCodeForm,
    SignInForm,
)
from accessportal.accounts.middleware import notice_of
from accessportal.accounts.models import User
from accessportal.accounts.passkeys import passkeys_possible, use_passkey
from accessportal.accounts.services.signing import (
    advance,
    begin_sign_in,
    check_password,
    pass_factor,
    pass_step,
    sign_in_step,
    sign_out,
)
from accessportal.accounts.shared import KEY as SHARED
from accessportal.accounts.shared import forget_person
from accessportal.accounts.sign_in_steps import SignIn
from accessportal.accounts.throttling import TooManyAttempts, locked_out
from accessportal.errors import NotPossible, PortalError
from accessportal.origin import origin_of

BEGUN = (
    "authenticator_begun"  # in the web session: the authenticator being set up in it
)


def safe_next(request: HttpRequest, default: str = "/") -> str:
    """The `next` of the request when it leads into the portal, else `default`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed and wanted.startswith("/") else default


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The first step: e-mail and password."""
    next_path = safe_next(request)
    if request.user.is_authenticated:
        return redirect(next_path)
    notice_of(request)
    form = SignInForm(request.POST or None)
    context = {
        "form": form,
        "next": next_path,
        "refusal": "",
        "passkeys": passkeys_possible(),
    }
    if request.method == "GET":
        return render(request, "accounts/sign_in.html", context)
    if not form.is_valid():
        return render(request, "accounts/sign_in.html", context, status=422)
    data = form.cleaned_data
    try:
        user = check_password(request, email=data["email"], password=data["password"])
    except TooManyAttempts as error:
        return locked_out(request, error.wait)
    if user is None:
        context["refusal"] = _(
            "E-mail address and password do not fit together, or this access has ended."
        )
        return render(request, "accounts/sign_in.html", context, status=422)
    begin_sign_in(request, user, next_path=next_path)
    if data["shared"]:
        pass_step(request, SHARED)
    return redirect(advance(request))


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
@sign_in_step("accounts:sign_in_code")
def sign_in_code(request: HttpRequest, sign_in: SignIn) -> HttpResponse:
    """A passkey, a code from the app, or a recovery code."""
    by_recovery = "recovery" in request.GET
    answer = request.POST.get("passkey", "")
    form = (RecoveryCodeForm if by_recovery else CodeForm)(
        request.POST if request.method == "POST" and not answer else None
    )
    refusal = ""
    if answer or form.is_valid():
        try:
            used = _factor_of(request, sign_in.user, form, answer)
        except PortalError as error:
            refusal = str(error.sentence)
        else:
            pass_factor(request, used)
            return redirect(advance(request))
    context = {
        "form": form,
        "person": sign_in.user,
        "by_recovery": by_recovery,
        "by_passkey": factors.has_passkey(sign_in.user) and not by_recovery,
        "by_app": factors.totp_device_of(sign_in.user) is not None,
        "refusal": refusal,
    }
    status = 422 if refusal or form.errors else 200
    return render(request, "accounts/sign_in_code.html", context, status=status)


def _factor_of(
    request: HttpRequest, user: User, form: Any, answer: str
) -> factors.UsedFactor:
    """The factor that was used. Raises `NotPossible`, or `PasskeyNeeded` for a code of
    somebody for whom only a passkey counts, and who has one."""
    if answer:
        return use_passkey(
            request,
            answer=answer,
            owner=user,
            step_up=False,
            origin=origin_of(request),
        )
    used = factors.use_factor(
        acting_user=user,
        code=form.cleaned_data["code"],
        step_up=False,
        origin=origin_of(request),
    )
    if used.kind != factors.RECOVERY_KIND and factors.has_passkey(user):
        guard_factor_counts(user, used.kind)
    return used


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
@sign_in_step("accounts:enrol")
def enrol(request: HttpRequest, sign_in: SignIn) -> HttpResponse:
    """The first sign-in: an authenticator app is set up, then the recovery codes are shown."""
    user = sign_in.user
    form = FirstCodeForm(request.POST or None)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            device = factors.confirm_enrolment(
                acting_user=user,
                pk=request.session.get(BEGUN),
                code=form.cleaned_data["code"],
                origin=origin_of(request),
            )
        except NotPossible as error:
            refusal = str(error.sentence)
        else:
            pass_factor(request, factors.UsedFactor(factors.TOTP_KIND, device))
            return show_new_recovery_codes(request, user, next_path=advance(request))
    return show_enrolment(request, user, form=form, refusal=refusal)


def show_enrolment(
    request: HttpRequest, user: User, *, form: CodeForm, refusal: str
) -> HttpResponse:
    """The QR code, the secret for typing, and the field for the first code."""
    device = factors.device_to_enrol(user, request.session.get(BEGUN))
    request.session[BEGUN] = device.pk
    context = {
        "form": form,
        "person": user,
        "refusal": refusal,
        "qr_code": factors.qr_code(device),
        "secret": factors.manual_secret(device),
        "setup_link": device.config_url,
        "passkeys_possible": passkeys_possible(),
    }
    status = 422 if refusal or form.errors else 200
    return render(request, "accounts/enrol.html", context, status=status)


def show_new_recovery_codes(
    request: HttpRequest, user: User, *, next_path: str
) -> HttpResponse:
    """New codes, shown in this answer only: they are stored nowhere in the clear."""
    codes = factors.make_recovery_codes(acting_user=user, origin=origin_of(request))
    context = {"codes": codes, "next": next_path, "person": user}
    return render(request, "accounts/recovery_codes.html", context)


@open_to_escorted(None)
@login_not_required
@never_cache
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out; also forgets a sign-in that was begun."""
    sign_out(request)
    response = redirect("accounts:sign_in")
    forget_person(response)
    return response


@open_to_escorted(None)
@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """The language of the pages before sign-in; afterwards the profile says it."""
    return set_language(request)
