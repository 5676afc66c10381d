"""The fresh second factor that weighty acts ask for, without losing what was typed.

A view decorated with `require_fresh_factor` runs only when the factor is younger than
`FRESH_FACTOR_SECONDS`, or when the form brought a right code in `otp_code` (the component
`<c-stepup />`). Otherwise a person sees a page that asks for the code and holds the whole
form; scripts and htmx get `FreshFactorNeeded` (403).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accessportal.accounts.factors import use_factor
from accessportal.accounts.models import User
from accessportal.errors import FreshFactorNeeded, NotPossible
from accessportal.origin import origin_of

CODE_FIELD = "otp_code"
NOT_KEPT = {CODE_FIELD, "csrfmiddlewaretoken"}

View = Callable[..., HttpResponse]


def factor_age_seconds(request: HttpRequest) -> float:
    """How long ago the second factor was used in this web session; infinite if never."""
    used_at = request.session.get("factor_at")
    return time.time() - used_at if used_at else float("inf")


def fresh_factor(request: HttpRequest) -> bool:
    """Whether the second factor is at most `FRESH_FACTOR_SECONDS` old."""
    return 0 <= factor_age_seconds(request) <= settings.FRESH_FACTOR_SECONDS


def remember_factor(request: HttpRequest, kind: str) -> None:
    """Note in the web session that a second factor was used now."""
    request.session["factor_at"] = time.time()
    request.session["factor_kind"] = kind


def confirm_factor(request: HttpRequest, code: str) -> None:
    """Take a code as a fresh factor. Raises `NotPossible` with the reason in a sentence.

    The code is an authenticator's (six digits, each works once) or a recovery code.
    """
    user: User = request.user  # type: ignore[assignment]
    used = use_factor(
        acting_user=user, code=code, step_up=True, origin=origin_of(request)
    )
    remember_factor(request, used.kind)


def confirm_code(request: HttpRequest) -> None:
    """Take the code of a form as a fresh factor, on a page that says itself what is wrong.

    Raises `NotPossible` with the code `code_missing` or `code_refused`.
    """
    code = request.POST.get(CODE_FIELD, "").strip()
    if not code:
        raise NotPossible(
            _("Please enter the code from your app."), code="code_missing"
        )
    try:
        confirm_factor(request, code)
    except NotPossible as error:
        raise NotPossible(error.sentence, code="code_refused") from error


def require_fresh_factor(view: View) -> View:
    """Let a view run only with a fresh second factor; see the module's docstring."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        code = request.POST.get(CODE_FIELD, "").strip()
        if fresh_factor(request):
            return view(request, *args, **kwargs)
        if code:
            try:
                confirm_factor(request, code)
            except NotPossible as error:
                if not wants_page(request):
                    raise
                return ask_for_code(request, str(error.sentence))
            return view(request, *args, **kwargs)
        if not wants_page(request):
            raise FreshFactorNeeded
        if request.method == "POST":
            return ask_for_code(request)
        query = urlencode({"next": request.get_full_path()})
        return redirect(f"{reverse('accounts:confirm')}?{query}")

    return guarded


def wants_page(request: HttpRequest) -> bool:
    """False for htmx and for scripts that ask for JSON."""
    return not getattr(
        request, "htmx", False
    ) and "application/json" not in request.headers.get("Accept", "")


def ask_for_code(request: HttpRequest, error: str = "") -> HttpResponse:
    """The page that asks for the code and sends the same form again, whole."""
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in NOT_KEPT
        for value in values
    ]
    context = {"action": request.get_full_path(), "kept": kept, "error": error}
    return render(
        request, "accounts/confirm_form.html", context, status=422 if error else 403
    )
