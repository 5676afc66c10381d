"""What somebody sees who failed to sign in too often: the same for any address."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from accessportal.accounts.forms import SignInForm


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,
    credentials: Any = None,
) -> HttpResponse:
    """The sign-in page with the sentence; django-axes calls it (429, RFC 6585)."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    sentence = ngettext(
        "Too many attempts with this address. Wait %(minutes)d minute, then try again. "
        "If it was not you, call your contact at the plant.",
        "Too many attempts with this address. Wait %(minutes)d minutes, then try again. "
        "If it was not you, call your contact at the plant.",
        minutes,
    ) % {"minutes": minutes}
    form = SignInForm(initial={"email": request.POST.get("email", "")[:254]})
    context = {"form": form, "refusal": sentence, "next": request.POST.get("next", "")}
    response = render(request, "accounts/sign_in.html", context, status=429)
    response["Retry-After"] = str(minutes * 60)
    return response
