"""Sign-in through the directory: to the provider and back, or name and password for LDAP.

It ends where a right local password ends: at the question for the portal's own factor.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accessportal import audit
from accessportal.accounts.directory.admission import admit
from accessportal.accounts.directory.asking import (
    begin_at_provider,
    check_at_server,
    complete_at_provider,
)
from accessportal.accounts.directory.configuration import LdapSettings, OpenIdSettings
from accessportal.accounts.directory.people import (
    DirectoryDown,
    DirectoryPerson,
    DirectoryRefused,
)
from accessportal.accounts.directory.views import show_trial
from accessportal.accounts.forms import SharedComputerMixin, SignInForm
from accessportal.accounts.services.signing import advance, begin_sign_in, pass_step
from accessportal.accounts.shared import KEY as SHARED
from accessportal.accounts.throttling import (
    TooManyAttempts,
    forget_attempts,
    locked_out,
    take_attempt,
)
from accessportal.accounts.views.sign_in import safe_next
from accessportal.errors import NotKnown
from accessportal.origin import client_address, origin_of

BEGUN = "directory_begun"  # in the web session, until the browser is back; used once


class DirectoryForm(SharedComputerMixin):
    name = forms.CharField(
        label=_("User name"),
        max_length=254,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """To the provider; or the form for name and password of an LDAP directory."""
    next_path = safe_next(request)
    if request.user.is_authenticated:
        return redirect(next_path)
    of = settings.DIRECTORY
    if isinstance(of, OpenIdSettings):
        return to_the_provider(request, of, next_path)
    if isinstance(of, LdapSettings):
        return by_name_and_password(request, of, next_path)
    raise NotKnown


def to_the_provider(
    request: HttpRequest, of: OpenIdSettings, next_path: str
) -> HttpResponse:
    try:
        url, begun = begin_at_provider(of)
    except DirectoryDown:
        return back_to_the_door(next_path)
    shared = "shared" in request.GET
    request.session[BEGUN] = {**begun, "next": next_path, "shared": shared}
    return redirect(url)


@login_not_required
@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """The browser is back from the provider, with a code or a refusal."""
    of = settings.DIRECTORY
    if not isinstance(of, OpenIdSettings):
        raise NotKnown
    begun: dict[str, Any] = request.session.pop(BEGUN, None) or {}
    answer = {name: str(value)[:4096] for name, value in request.GET.items()}
    if "trial_by" in begun:
        return show_trial(
            request, begun, lambda: complete_at_provider(of, answer, begun)
        )
    next_path = begun.get("next", "/")
    if request.user.is_authenticated:
        return redirect(next_path)
    try:
        found = complete_at_provider(of, answer, begun)
        return let_in(request, found, next_path, shared=begun.get("shared", False))
    except DirectoryDown:
        return back_to_the_door(next_path)
    except DirectoryRefused as error:
        if not isinstance(error, AdmissionRefused):
            record_failure(request, error)
        return refused(request, str(error.sentence), next_path)


def by_name_and_password(
    request: HttpRequest, of: LdapSettings, next_path: str
) -> HttpResponse:
    form = DirectoryForm(
        request.POST or None, initial={"shared": "shared" in request.GET}
    )
    context: dict[str, Any] = {"form": form, "next": next_path, "directory": of}
    template = "accounts/directory_sign_in.html"
    if request.method == "GET":
        return render(request, template, context)
    if not form.is_valid():
        return render(request, template, context, status=422)
    name = form.cleaned_data["name"]
    attempt, address = f"directory:{name}", client_address(request)
    try:
        wait = take_attempt(attempt, address)
    except TooManyAttempts as error:
        return locked_out(request, error.wait)
    try:
        found = check_at_server(of, name=name, password=form.cleaned_data["password"])
    except DirectoryDown:
        forget_attempts(attempt, address)
        return back_to_the_door(next_path)
    except DirectoryRefused as error:
        record_failure(request, error, locked=bool(wait))
        if wait:
            return locked_out(request, wait)
        context["refusal"] = str(error.sentence)
        return render(request, template, context, status=422)
    forget_attempts(attempt, address)
    try:
        return let_in(request, found, next_path, shared=form.cleaned_data["shared"])
    except DirectoryRefused as error:
        context["refusal"] = str(error.sentence)
        return render(request, template, context, status=422)


class AdmissionRefused(DirectoryRefused):
    """The directory said yes, the portal says no; `admit` has put it into the trail."""


def let_in(
    request: HttpRequest, found: DirectoryPerson, next_path: str, *, shared: bool
) -> HttpResponse:
    """As far as a right password leads: the portal's own factor comes next."""
    try:
        user = admit(found, origin=origin_of(request))
    except DirectoryRefused as error:
        raise AdmissionRefused(error.sentence, error.cause) from None
    begin_sign_in(request, user, next_path=next_path, first="directory")
    if shared:
        pass_step(request, SHARED)
    return redirect(advance(request))


def record_failure(
    request: HttpRequest, error: DirectoryRefused, *, locked: bool = False
) -> None:
    audit.record(
        "auth.login.locked" if locked else "auth.login.failed",
        origin=origin_of(request),
        result="refused",
        reason=error.cause,
        way="directory",
    )


def back_to_the_door(next_path: str) -> HttpResponse:
    """The sign-in page, which says that the directory is down and what goes on working."""
    query = urlencode({"next": next_path})
    return redirect(f"{reverse('accounts:sign_in')}?{query}")


def refused(request: HttpRequest, sentence: str, next_path: str) -> HttpResponse:
    context = {"form": SignInForm(), "next": next_path, "refusal": sentence}
    return render(request, "accounts/sign_in.html", context, status=422)
