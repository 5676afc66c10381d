"""The fresh second factor that weighty acts ask for, without losing what was typed.

A view decorated with `require_fresh_factor` runs only when the factor is younger than
`FRESH_FACTOR_SECONDS` and counts for somebody like this person, or when the form brought one
(the component `<c-stepup />`: a passkey's answer in `passkey`, or a code in `otp_code`).
Otherwise a person sees a page that asks for it and holds the whole form; scripts and htmx get
`FreshFactorNeeded` (403). The act itself may ask for more, by raising the same: it knows the
site, and at some sites only a passkey counts (`factor_rules`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import django_otp
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accessportal.accounts.escorted import is_bound
from accessportal.accounts.factor_rules import counts, guard_factor_counts
from accessportal.accounts.factors import (
    UsedFactor,
    has_passkey,
    lasting_device,
    use_factor,
)
from accessportal.accounts.models import User
from accessportal.accounts.passkeys import use_passkey
from accessportal.accounts.step_up_acts import act_at
from accessportal.accounts.web_sessions import renew_cookie, web_session_of
from accessportal.errors import FreshFactorNeeded, NotPossible
from accessportal.origin import origin_of

if TYPE_CHECKING:
    from accessportal.plants.models import Site

CODE_FIELD = "otp_code"
PASSKEY_FIELD = "passkey"
NOT_KEPT = {CODE_FIELD, PASSKEY_FIELD, "csrfmiddlewaretoken"}

View = Callable[..., HttpResponse]


def factor_age_seconds(request: HttpRequest) -> float:
    """How long ago the second factor was used in this web session; infinite if never."""
    used_at = request.session.get("factor_at")
    return time.time() - used_at if used_at else float("inf")


def is_fresh(request: HttpRequest) -> bool:
    """Whether a second factor of any kind is at most `FRESH_FACTOR_SECONDS` old."""
    return 0 <= factor_age_seconds(request) <= settings.FRESH_FACTOR_SECONDS


def fresh_factor(request: HttpRequest, site: Site | None = None) -> bool:
    """Whether a second factor that counts at `site` (None: anywhere) is at most
    `FRESH_FACTOR_SECONDS` old."""
    if not is_fresh(request):
        return False
    user: User = request.user  # type: ignore[assignment]
    return counts(user, request.session.get("factor_kind", ""), site)


def remember_factor(request: HttpRequest, used: UsedFactor) -> None:
    """Note in the web session that a second factor was used now; it hangs on that one."""
    device = lasting_device(used)
    django_otp.login(request, device)
    request.session["factor_at"] = time.time()
    request.session["factor_kind"] = used.kind
    request.session["factor_device"] = used.device.persistent_id
    web_session = web_session_of(request)
    if web_session is not None:
        web_session.factor_kind = used.kind
        web_session.device = device.persistent_id
        web_session.save(update_fields=["factor_kind", "device"])


def confirm_factor(request: HttpRequest, code: str) -> None:
    """Take a code as a fresh factor. Raises `NotPossible` with the reason in a sentence.

    The code is an authenticator's (six digits, each works once) or a recovery code.
    """
    user: User = request.user  # type: ignore[assignment]
    used = use_factor(
        acting_user=user, code=code, step_up=True, origin=origin_of(request)
    )
    renew_cookie(request)
    remember_factor(request, used)


def confirm_passkey(request: HttpRequest, answer: str) -> None:
    """Take what a passkey signed as a fresh factor. Raises `NotPossible` with the reason."""
    user: User = request.user  # type: ignore[assignment]
    used = use_passkey(
        request, answer=answer, owner=user, step_up=True, origin=origin_of(request)
    )
    renew_cookie(request)
    remember_factor(request, used)


def brings_factor(request: HttpRequest) -> bool:
    """Whether a form came with a passkey's answer or a code."""
    fields = (PASSKEY_FIELD, CODE_FIELD)
    return any(request.POST.get(field, "").strip() for field in fields)


def confirm_from_form(request: HttpRequest) -> bool:
    """Take the factor that a form brought; False when it brought none. Raises `NotPossible`."""
    answer = request.POST.get(PASSKEY_FIELD, "").strip()
    code = request.POST.get(CODE_FIELD, "").strip()
    if answer:
        confirm_passkey(request, answer)
    elif code:
        confirm_factor(request, code)
    return bool(answer or code)


def confirm_code(request: HttpRequest) -> None:
    """Take the factor of a form, on a page that says itself what is wrong.

    Raises `NotPossible` with the code `code_missing` or `code_refused`.
    """
    try:
        brought = confirm_from_form(request)
    except NotPossible as error:
        raise NotPossible(error.sentence, code="code_refused") from error
    if not brought:
        sentence = (
            _("Please confirm with your passkey or with the code from your app.")
            if has_passkey(request.user)  # type: ignore[arg-type]
            else _("Please enter the code from your app.")
        )
        raise NotPossible(sentence, code="code_missing")


def require_fresh_factor(view: View) -> View:
    """Let a view run only with a fresh second factor; see the module's docstring."""
    return _guarded(view, any_kind=False)


def require_any_fresh_factor(view: View) -> View:
    """The same for minding one's own factors: there a recovery code is enough also for those
    for whom only a passkey counts. It is how they come to another one."""
    return _guarded(view, any_kind=True)


def require_fresh_factor_or_escort(view: View) -> View:
    """The same for what somebody does who may be escorted without a second factor: there the
    verb asks for a fresh escort."""
    return _guarded(view, any_kind=False, escorted_too=True)


def _guarded(view: View, *, any_kind: bool, escorted_too: bool = False) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if escorted_too and is_bound(request):
            return view(request, *args, **kwargs)
        user: User = request.user  # type: ignore[assignment]
        try:
            # What a form brings is taken, however fresh the last one is: it may be asked for
            # because the last one does not count here.
            if not confirm_from_form(request) and not is_fresh(request):
                raise FreshFactorNeeded
            if not any_kind:
                guard_factor_counts(user, request.session["factor_kind"])
        except NotPossible as error:
            if not wants_page(request):
                raise
            return ask_for_code(request, str(error.sentence))
        except FreshFactorNeeded as error:
            return _ask(request, error)
        try:
            return view(request, *args, **kwargs)
        except FreshFactorNeeded as error:
            return _ask(request, error)

    guarded.asks_for_factor = True  # type: ignore[attr-defined]  # for the guard of their words
    return guarded


def _ask(request: HttpRequest, error: FreshFactorNeeded) -> HttpResponse:
    if not wants_page(request):
        raise error
    if request.method == "POST":
        wanted = error.code != FreshFactorNeeded.code
        return ask_for_code(request, wants=str(error.sentence) if wanted else "")
    query = urlencode({"next": request.get_full_path()})
    return redirect(f"{reverse('accounts:confirm')}?{query}")


def wants_page(request: HttpRequest) -> bool:
    """False for htmx and for scripts that ask for JSON."""
    return not getattr(
        request, "htmx", False
    ) and "application/json" not in request.headers.get("Accept", "")


def ask_for_code(
    request: HttpRequest, error: str = "", *, wants: str = ""
) -> HttpResponse:
    """The page that asks for the factor and sends the same form again, whole. `wants`: what
    it has to be, where not every factor counts."""
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in NOT_KEPT
        for value in values
    ]
    context = {
        "act": act_at(request.path),
        "action": request.get_full_path(),
        "kept": kept,
        "error": error,
        "wants": wants,
    }
    return render(
        request, "accounts/confirm_form.html", context, status=422 if error else 403
    )
