"""One's own account: details, password, second factor, recovery codes, step-up."""

from __future__ import annotations

from copy import copy

from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts import factors, stepup
from accessportal.accounts.directory.break_glass import may_use_password
from accessportal.accounts.forms import (
    ChangePasswordForm,
    CodeForm,
    FirstCodeForm,
    ProfileForm,
)
from accessportal.accounts.models import Passkey, User
from accessportal.accounts.passkeys import passkeys_possible
from accessportal.accounts.services.profile import (
    change_password,
    change_profile,
    guard_changes_password,
)
from accessportal.accounts.services.signing import renew_after_factor_change
from accessportal.accounts.step_up_acts import act_at
from accessportal.accounts.stepup import require_any_fresh_factor
from accessportal.accounts.used_before import used_before
from accessportal.accounts.views.sign_in import (
    BEGUN,
    safe_next,
    show_enrolment,
    show_new_recovery_codes,
)
from accessportal.accounts.web_sessions import web_session_key
from accessportal.errors import NotPossible
from accessportal.origin import origin_of


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """Everything about oneself on one page."""
    user: User = request.user  # type: ignore[assignment]
    return show_account(request, ProfileForm(instance=user))


@require_POST
def details(request: HttpRequest) -> HttpResponse:
    """Save name, phone, language and time zone."""
    user: User = request.user  # type: ignore[assignment]
    # A copy: a form that is refused must not change the person whom this page shows.
    form = ProfileForm(request.POST, instance=copy(user))
    if not form.is_valid():
        return show_account(request, form, status=422)
    changed = change_profile(
        acting_user=user, **form.cleaned_data, origin=origin_of(request)
    )
    translation.activate(changed.language)
    messages.success(request, _("Your details are saved."))
    return redirect("accounts:profile")


def show_account(
    request: HttpRequest, form: ProfileForm, status: int = 200
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    grants = user.role_grants.select_related("site") if user.vendor_id is None else []
    context = {
        "form": form,
        "grants": grants,
        "device": factors.totp_device_of(user),
        "codes_left": factors.recovery_codes_left(user),
        "used_before": used_before(request),
        "passkeys": Passkey.objects.filter(user=user),
        "passkeys_possible": passkeys_possible(),
        "own_password": may_use_password(user),
        "devices": user.web_sessions.alive(),
        "here": web_session_key(request),
    }
    return render(request, "accounts/account.html", context, status=status)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Choose a new password; other browsers of the person are signed out by it."""
    guard_changes_password(request.user)  # type: ignore[arg-type]
    form = ChangePasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = change_password(
                acting_user=request.user,  # type: ignore[arg-type]
                old_password=form.cleaned_data["old_password"],
                new_password=form.cleaned_data["new_password"],
                origin=origin_of(request),
                web_session_key=web_session_key(request),
            )
        except NotPossible as error:
            form.add_error("old_password", str(error.sentence))
        except ValidationError as error:
            form.add_error("new_password", error)
        else:
            keep_this_web_session(request, user)
            messages.success(
                request, _("Your password is changed. Other browsers are signed out.")
            )
            return redirect("accounts:profile")
    return render(
        request,
        "accounts/password.html",
        {"form": form},
        status=422 if form.errors else 200,
    )


def keep_this_web_session(request: HttpRequest, user: User) -> None:
    """Go on in this browser after a new password: same web session, new hash in it.

    Django's own helper would also renew the cookie, which our row would not know of.
    """
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()


@never_cache
@require_http_methods(["GET", "POST"])
@require_any_fresh_factor
def new_authenticator(request: HttpRequest) -> HttpResponse:
    """Set up another app; the present one works until the new one has proven itself."""
    user: User = request.user  # type: ignore[assignment]
    form = FirstCodeForm(request.POST if "code" in request.POST else None)
    refusal = ""
    if form.is_bound and form.is_valid():
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
            used = factors.UsedFactor(factors.TOTP_KIND, device)
            renew_after_factor_change(request, used)
            messages.success(
                request,
                _(
                    "The new authenticator is set up; the old one does not work any more."
                ),
            )
            return redirect("accounts:profile")
    return show_enrolment(request, user, form=form, refusal=refusal)


@never_cache
@require_POST
@require_any_fresh_factor
def new_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Replace the recovery codes; the old ones stop working at once."""
    user: User = request.user  # type: ignore[assignment]
    return show_new_recovery_codes(request, user, next_path="/account/")


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Confirm with the second factor, then go on to `next`."""
    next_path = safe_next(request)
    answer = request.POST.get(stepup.PASSKEY_FIELD, "")
    # With a passkey the keyboard of a phone would only be in the way.
    by_passkey = passkeys_possible() and factors.has_passkey(request.user)  # type: ignore[arg-type]
    form = (FirstCodeForm if by_passkey else CodeForm)(
        request.POST if request.method == "POST" and not answer else None
    )
    refusal = ""
    if answer or form.is_valid():
        try:
            if answer:
                stepup.confirm_passkey(request, answer)
            else:
                stepup.confirm_factor(request, form.cleaned_data["code"])
        except NotPossible as error:
            refusal = str(error.sentence)
        else:
            return redirect(next_path)
    context = {
        "act": act_at(next_path),
        "form": form,
        "next": next_path,
        "refusal": refusal,
    }
    status = 422 if refusal or form.errors else 200
    return render(request, "accounts/confirm.html", context, status=status)
