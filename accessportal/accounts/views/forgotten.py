"""A forgotten password: the wish, the link of the mail, and the new password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accessportal.accounts.forms import ForgottenForm, NewPasswordMixin
from accessportal.accounts.services.password_resets import (
    ask_password_reset,
    choose_new_password,
    use_link,
)
from accessportal.accounts.services.signing import (
    advance,
    begin_sign_in,
    keep_pending,
    pass_step,
    sign_in_step,
)
from accessportal.accounts.sign_in_steps import BY_RESET_LINK, NEW_PASSWORD, SignIn
from accessportal.origin import origin_of


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link by mail; the answer is the same for every address."""
    form = ForgottenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        ask_password_reset(email=form.cleaned_data["email"], origin=origin_of(request))
        return render(request, "accounts/forgotten_sent.html")
    status = 422 if form.errors else 200
    return render(request, "accounts/forgotten.html", {"form": form}, status=status)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def password_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail. It is used up by the button, not by a program that looks at it."""
    if request.method == "GET":
        return render(request, "accounts/forgotten_link.html")
    user = use_link(token, origin=origin_of(request))
    begin_sign_in(request, user, next_path="/", first=BY_RESET_LINK)
    return redirect(advance(request))


@login_not_required
@never_cache
@sensitive_post_parameters("new_password", "repeated")
@require_http_methods(["GET", "POST"])
@sign_in_step("accounts:new_password")
def new_password(request: HttpRequest, sign_in: SignIn) -> HttpResponse:
    """The step after the second factor, for who came by the link."""
    form = NewPasswordMixin(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = choose_new_password(
                acting_user=sign_in.user,
                new_password=form.cleaned_data["new_password"],
                origin=origin_of(request),
            )
        except ValidationError as error:
            form.add_error("new_password", error)
        else:
            keep_pending(request, user)
            pass_step(request, NEW_PASSWORD)
            next_path = advance(request)
            messages.success(request, _("Your new password is set."))
            return redirect(next_path)
    context = {"form": form, "person": sign_in.user}
    status = 422 if form.errors else 200
    return render(request, "accounts/new_password.html", context, status=status)
