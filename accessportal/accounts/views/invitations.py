"""The pages behind an invitation's link: who one is, and the passkey where one is wanted."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accessportal.accounts.browsers import browser_in_words
from accessportal.accounts.forms import AcceptInvitationForm, PasskeyForm
from accessportal.accounts.models import Invitation, User
from accessportal.accounts.notice import NOTICE_VERSION
from accessportal.accounts.passkeys import (
    ask_to_join,
    joined_with,
    new_passkey,
    passkeys_possible,
)
from accessportal.accounts.services.invitations import (
    accept_invitation,
    check_accepts,
    invitation_for,
    may_join_by_passkey,
)
from accessportal.accounts.services.signing import advance, begin_sign_in, pass_factor
from accessportal.accounts.sign_in_steps import BY_INVITATION
from accessportal.accounts.views.passkeys import ANONYMOUS_SECONDS
from accessportal.accounts.views.sign_in import show_new_recovery_codes
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited

NOT_KEPT = {"csrfmiddlewaretoken", "new_password", "repeated"}
"""What the page of the passkey does not send along again."""


@rate_limited("invitation", times=60, seconds=600)
@login_not_required
@never_cache
@sensitive_post_parameters("new_password", "repeated")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Choose name, language and how to sign in.

    A passkey is made on a page of its own, and only then is there an account; after a
    password, a second factor is set up.
    """
    found = invitation_for(token, origin=origin_of(request))
    if request.user.is_authenticated:
        return render(
            request, "accounts/invitation_other_person.html", {"invitation": found}
        )
    speak(request, request.POST.get("language", ""), found.language)
    if request.method == "GET":
        initial = {"full_name": found.full_name, "language": found.language}
        return show_form(request, found, form_for(found, initial=initial))
    if "back" in request.POST:
        typed = {**request.POST.dict(), "way": AcceptInvitationForm.PASSWORD}
        return show_form(request, found, form_for(found, initial=typed))
    form = form_for(found, request.POST)
    if not form.is_valid():
        return show_form(request, found, form, status=422)
    try:
        if form.by_passkey:
            return join_by_passkey(request, found, form)
        user = join(request, found, form, password=form.cleaned_data["new_password"])
    except ValidationError as error:
        form.add_error("new_password", error)
        return show_form(request, found, form, status=422)
    except NotPossible as error:
        about = "notice" if error.code == "notice_not_accepted" else "email"
        form.add_error(about, str(error.sentence))
        return show_form(request, found, form, status=422)
    begin_sign_in(request, user, next_path="/", first=BY_INVITATION)
    return in_language_of(user, redirect(advance(request)))


def join_by_passkey(
    request: HttpRequest, found: Invitation, form: AcceptInvitationForm
) -> HttpResponse:
    """First the page that makes the passkey; then, with what it brings, the account.

    Raises `NotPossible` where what was typed on the first page is not taken.
    """
    check_accepts(
        found,
        email=form.cleaned_data["email"],
        notice_version=request.POST.get("notice_version", ""),
        origin=origin_of(request),
    )
    passkey_form = PasskeyForm(
        request.POST if "passkey-answer" in request.POST else None,
        prefix="passkey",
        initial={"name": browser_in_words(request.headers.get("User-Agent", ""))},
    )
    if not passkey_form.is_valid():
        return show_passkey(request, found, form, passkey_form)
    try:
        made = new_passkey(request, **passkey_form.cleaned_data)
        user = join(request, found, form, passkey=made)
    except NotPossible as error:
        refusal = str(error.sentence)
        return show_passkey(request, found, form, passkey_form, refusal)
    begin_sign_in(request, user, next_path="/", first=BY_INVITATION)
    pass_factor(request, joined_with(user))
    next_path = advance(request)
    codes = show_new_recovery_codes(request, user, next_path=next_path)
    return in_language_of(user, codes)


def speak(request: HttpRequest, *languages: str) -> None:
    """Show the page in the first of these that there is: what was chosen on it, or what the
    invitation is in."""
    known = dict(settings.LANGUAGES)
    request.LANGUAGE_CODE = next(one for one in languages if one in known)
    translation.activate(request.LANGUAGE_CODE)


def join(
    request: HttpRequest,
    found: Invitation,
    form: AcceptInvitationForm,
    **proof: Any,
) -> User:
    """`proof`: the password, or the passkey."""
    data = form.cleaned_data
    return accept_invitation(
        invitation=found,
        email=data["email"],
        full_name=data["full_name"],
        language=data["language"],
        time_zone=data["time_zone"],
        notice_version=request.POST.get("notice_version", ""),
        origin=origin_of(request),
        **proof,
    )


def in_language_of(user: User, response: HttpResponse) -> HttpResponse:
    """The pages after it are in the language that the person chose."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        user.language,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,  # type: ignore[arg-type]
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
    )
    return response


def form_for(found: Invitation, *data: Any, **options: Any) -> AcceptInvitationForm:
    return AcceptInvitationForm(
        *data,
        with_notice=found.vendor_id is not None,
        with_passkey=passkeys_possible() and may_join_by_passkey(found),
        **options,
    )


def show_form(
    request: HttpRequest,
    found: Invitation,
    form: AcceptInvitationForm,
    status: int = 200,
) -> HttpResponse:
    context = {
        "invitation": found,
        "form": form,
        "notice_version": NOTICE_VERSION,
    }
    return render(request, "accounts/invitation.html", context, status=status)


def show_passkey(
    request: HttpRequest,
    found: Invitation,
    form: AcceptInvitationForm,
    passkey_form: PasskeyForm,
    refusal: str = "",
) -> HttpResponse:
    """The page with the button that makes the passkey; it holds what was typed before."""
    request.session.set_expiry(ANONYMOUS_SECONDS)
    context = {
        "invitation": found,
        "form": passkey_form,
        "refusal": refusal,
        "options": ask_to_join(request, found, form.cleaned_data["full_name"]),
        "kept": [
            (name, value)
            for name, value in request.POST.items()
            if name not in NOT_KEPT and not name.startswith("passkey-")
        ],
    }
    status = 422 if refusal or passkey_form.errors else 200
    return render(request, "accounts/invitation_passkey.html", context, status=status)
