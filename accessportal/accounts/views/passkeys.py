"""Passkeys: signing in with one, the challenge that a page asks for, setting up, removing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accessportal.accounts import factors
from accessportal.accounts.access import own_passkey
from accessportal.accounts.directory.break_glass import (
    alarm_break_glass,
    may_use_password,
)
from accessportal.accounts.forms import PasskeyForm, SignInForm
from accessportal.accounts.models import User
from accessportal.accounts.passkeys import (
    ask_for_passkey,
    ask_to_enrol,
    enrol_passkey,
    passkeys_possible,
    use_passkey,
)
from accessportal.accounts.services.own_factors import remove_factor
from accessportal.accounts.services.signing import (
    advance,
    begin_sign_in,
    pass_factor,
    pass_step,
    sign_in_begun,
    sign_in_step,
)
from accessportal.accounts.shared import KEY as SHARED
from accessportal.accounts.sign_in_steps import BY_PASSKEY, FACTOR, SignIn
from accessportal.accounts.stepup import require_any_fresh_factor
from accessportal.accounts.views.sign_in import safe_next, show_new_recovery_codes
from accessportal.accounts.web_sessions import web_session_key
from accessportal.errors import NotKnown, NotPossible, TooLate
from accessportal.origin import origin_of

ANONYMOUS_SECONDS = 600
"""Somebody who only asked for a challenge is remembered for no longer than this."""


@login_not_required
@never_cache
@require_POST
def challenge(request: HttpRequest) -> HttpResponse:
    """What the browser needs to use a passkey, as JSON: the person's own where it is known who
    asks, any that the browser has where not. It says nothing about who has one."""
    sign_in = sign_in_begun(request)
    if request.user.is_authenticated:
        owner: User | None = request.user
    elif sign_in is not None:
        owner = sign_in.user
    else:
        owner = None
        request.session.set_expiry(ANONYMOUS_SECONDS)
    return HttpResponse(
        ask_for_passkey(request, owner), content_type="application/json"
    )


@login_not_required
@never_cache
@require_POST
def sign_in_with_passkey(request: HttpRequest) -> HttpResponse:
    """The first step and the second factor in one: what one has, and a PIN, finger or face."""
    next_path = safe_next(request)
    try:
        used = use_passkey(
            request,
            answer=request.POST.get("passkey", ""),
            owner=None,
            step_up=False,
            origin=origin_of(request),
        )
        guard_own_door(used.device.user)
    except NotPossible as error:
        context = {
            "form": SignInForm(),
            "next": next_path,
            "refusal": str(error.sentence),
            "passkeys": passkeys_possible(),
        }
        return render(request, "accounts/sign_in.html", context, status=422)
    alarm_break_glass(person=used.device.user, origin=origin_of(request))
    begin_sign_in(request, used.device.user, next_path=next_path, first=BY_PASSKEY)
    if "shared" in request.POST:
        pass_step(request, SHARED)
    pass_factor(request, used)
    return redirect(advance(request))


def guard_own_door(user: User) -> None:
    """Where the plant has a directory, its people come by it; a passkey is the second factor
    there, and no way around. Raises `NotPossible`."""
    if not may_use_password(user):
        raise NotPossible(
            _("Employees sign in through the plant's directory first."),
            code="directory_first",
        )


# --- Setting up, on the way in and later --------------------------------------------


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
@sign_in_step("accounts:enrol", "accounts:enrol_passkey")
def enrol_first_passkey(request: HttpRequest, sign_in: SignIn) -> HttpResponse:
    """On the way in: instead of an app, or because only a passkey counts for this person."""
    user = sign_in.user
    if not passkeys_possible():
        raise NotKnown
    form = PasskeyForm(request.POST or None)
    if not form.is_valid():
        return show_enrolment(request, user, form, on_the_way_in=True)
    is_first = not factors.has_factor(user)
    try:
        passkey = enrol_passkey(
            request, acting_user=user, **form.cleaned_data, origin=origin_of(request)
        )
    except NotPossible as error:
        refusal = str(error.sentence)
        return show_enrolment(request, user, form, refusal, on_the_way_in=True)
    if FACTOR not in sign_in.passed:
        pass_factor(request, factors.UsedFactor(factors.PASSKEY_KIND, passkey))
    next_path = advance(request)
    if is_first:
        return show_new_recovery_codes(request, user, next_path=next_path)
    return redirect(next_path)


@never_cache
@require_http_methods(["GET", "POST"])
@require_any_fresh_factor
def new_passkey(request: HttpRequest) -> HttpResponse:
    """One more passkey; the factor just used says that it is the person who adds it."""
    user: User = request.user  # type: ignore[assignment]
    if not passkeys_possible():
        raise NotKnown
    form = PasskeyForm(request.POST if "answer" in request.POST else None)
    if not form.is_valid():
        return show_enrolment(request, user, form)
    try:
        passkey = enrol_passkey(
            request, acting_user=user, **form.cleaned_data, origin=origin_of(request)
        )
    except NotPossible as error:
        return show_enrolment(request, user, form, str(error.sentence))
    messages.success(
        request,
        _("The passkey “%(name)s” is set up. Next time you sign in with it alone.")
        % {"name": passkey.name},
    )
    return redirect("accounts:profile")


def show_enrolment(
    request: HttpRequest,
    user: User,
    form: PasskeyForm,
    refusal: str = "",
    *,
    on_the_way_in: bool = False,
) -> HttpResponse:
    """The page with the button that makes a passkey; it holds a new challenge."""
    context = {
        "form": form,
        "person": user,
        "refusal": refusal,
        "options": ask_to_enrol(request, user),
        "has_factor": factors.has_factor(user),
        "on_the_way_in": on_the_way_in,
    }
    status = 422 if refusal or form.errors else 200
    return render(request, "accounts/passkey_new.html", context, status=status)


# --- Removing -----------------------------------------------------------------------


@never_cache
@require_POST
@require_any_fresh_factor
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one of the own passkeys away."""
    user: User = request.user  # type: ignore[assignment]
    passkey = own_passkey(user, pk)
    _remove(request, user, passkey)
    messages.success(
        request,
        _("The passkey “%(name)s” is removed; it opens nothing any more.")
        % {"name": passkey.name},
    )
    return redirect("accounts:profile")


@never_cache
@require_POST
@require_any_fresh_factor
def remove_authenticator(request: HttpRequest) -> HttpResponse:
    """Take the authenticator app away."""
    user: User = request.user  # type: ignore[assignment]
    device = factors.totp_device_of(user)
    if device is None:
        raise TooLate(_("There is no authenticator app any more."))
    _remove(request, user, device)
    messages.success(
        request, _("The authenticator app is removed; its codes open nothing any more.")
    )
    return redirect("accounts:profile")


def _remove(request: HttpRequest, user: User, device: Any) -> None:
    remove_factor(
        acting_user=user,
        device=device,
        proven_by=request.session.get("factor_device", ""),
        origin=origin_of(request),
        web_session_key=web_session_key(request),
    )
