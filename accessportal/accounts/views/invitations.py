"""The page behind an invitation's link."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accessportal.accounts.forms import AcceptInvitationForm
from accessportal.accounts.models import Invitation
from accessportal.accounts.notice import NOTICE_VERSION
from accessportal.accounts.services.invitations import accept_invitation, invitation_for
from accessportal.accounts.services.signing import advance, begin_sign_in
from accessportal.accounts.sign_in_steps import BY_INVITATION
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited


@rate_limited("invitation", times=60, seconds=600)
@login_not_required
@never_cache
@sensitive_post_parameters("new_password", "repeated")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Choose name, password and language; then the second factor is set up."""
    found = invitation_for(token, origin=origin_of(request))
    if request.user.is_authenticated:
        return render(
            request, "accounts/invitation_other_person.html", {"invitation": found}
        )
    with_notice = found.vendor_id is not None
    if request.method == "GET":
        translation.activate(found.language)
        request.LANGUAGE_CODE = found.language
        initial = {"full_name": found.full_name, "language": found.language}
        form = AcceptInvitationForm(initial=initial, with_notice=with_notice)
        return show_form(request, found, form)
    form = AcceptInvitationForm(request.POST, with_notice=with_notice)
    if not form.is_valid():
        return show_form(request, found, form, status=422)
    data = form.cleaned_data
    try:
        user = accept_invitation(
            invitation=found,
            email=data["email"],
            full_name=data["full_name"],
            password=data["new_password"],
            language=data["language"],
            time_zone=data["time_zone"],
            notice_version=request.POST.get("notice_version", ""),
            origin=origin_of(request),
        )
    except ValidationError as error:
        form.add_error("new_password", error)
        return show_form(request, found, form, status=422)
    except NotPossible as error:
        about = "notice" if error.code == "notice_not_accepted" else "email"
        form.add_error(about, str(error.sentence))
        return show_form(request, found, form, status=422)
    begin_sign_in(request, user, next_path="/", first=BY_INVITATION)
    response = redirect(advance(request))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        user.language,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,  # type: ignore[arg-type]
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
    )
    return response


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
