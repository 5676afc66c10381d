"""Signing in and out: a first step, the further steps of the table, then the web session."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_otp.models import Device

from accessportal import audit
from accessportal.accounts import shared
from accessportal.accounts.directory.break_glass import alarm_break_glass
from accessportal.accounts.escorted import BY_ESCORT
from accessportal.accounts.factors import RECOVERY_KIND, UsedFactor
from accessportal.accounts.models import User
from accessportal.accounts.sign_in_steps import BY_PASSWORD, FACTOR, SignIn, step_due
from accessportal.accounts.stepup import remember_factor
from accessportal.accounts.throttling import (
    TooManyAttempts,
    forget_attempts,
    take_attempt,
)
from accessportal.accounts.used_before import KEY as USED_BEFORE
from accessportal.accounts.used_before import look_back
from accessportal.accounts.web_sessions import (
    NOTICE,
    Bound,
    Ended,
    end_web_session,
    end_web_sessions_of,
    open_web_session,
    web_session_key,
    web_session_of,
)
from accessportal.origin import Origin, client_address, origin_of

PENDING = "sign_in"
PENDING_SECONDS = 600


def check_password(request: HttpRequest, *, email: str, password: str) -> User | None:
    """The person, when e-mail and password are right and access goes on; else None.

    The same time and the same answer for an unknown address: Django hashes a password
    in any case, and failures are counted for any address. Raises `TooManyAttempts`.
    """
    email, address = email.strip().lower(), client_address(request)
    try:
        wait = take_attempt(email, address)
    except TooManyAttempts:
        _record_failure(request, email, locked=True)
        raise
    user = auth.authenticate(request, email=email, password=password)
    if user is not None:
        forget_attempts(email, address)
        alarm_break_glass(person=user, origin=origin_of(request))
        return user
    _record_failure(request, email, locked=bool(wait))
    if wait:
        raise TooManyAttempts(wait)
    return None


def _record_failure(request: HttpRequest, email: str, *, locked: bool) -> None:
    """Audit the failure. What was typed is kept only when it is somebody's address: it may
    be a password in the wrong field."""
    known = User.objects.filter(email=email).first()
    audit.record(
        "auth.login.locked" if locked else "auth.login.failed",
        acting_user=known,
        subject=known,
        origin=origin_of(request),
        result="refused",
        address_known=known is not None,
    )


# --- From step to step --------------------------------------------------------------


def begin_sign_in(
    request: HttpRequest, user: User, *, next_path: str, first: str = BY_PASSWORD
) -> None:
    """Remember who it is, by a first step that was passed; nobody is signed in by it.

    What the browser held before is dropped and the web session gets a new id.
    """
    request.session.flush()
    request.session[PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "at": time.time(),
        "next": next_path,
        "first": first,
        "passed": {},
    }


def sign_in_begun(request: HttpRequest) -> SignIn | None:
    """The sign-in that this browser is in the middle of, begun less than ten minutes ago."""
    pending: dict[str, Any] = request.session.get(PENDING) or {}
    patience = pending.get("patience", PENDING_SECONDS)
    if not pending or time.time() - pending["at"] > patience:
        return None
    user: User | None = User.objects.filter(pk=pending["user"]).first()
    if (
        user is None
        or not user.is_active
        or user.get_session_auth_hash() != pending["hash"]
    ):
        return None
    return SignIn(
        user=user,
        first=pending["first"],
        passed=pending["passed"],
        next_path=pending["next"],
    )


def pass_step(request: HttpRequest, name: str, **left: Any) -> None:
    """Note that a step of the sign-in was passed, and what it left for the web session."""
    pending = request.session[PENDING]
    request.session[PENDING] = {**pending, "passed": {**pending["passed"], name: left}}


def wait_for_mail(request: HttpRequest, seconds: float) -> None:
    """A mail is on its way: the sign-in may take that long from now on."""
    pending = request.session[PENDING]
    request.session[PENDING] = {**pending, "at": time.time(), "patience": seconds}


def keep_pending(request: HttpRequest, user: User) -> None:
    """Go on with a sign-in in the middle of which the person's password was changed."""
    pending = request.session[PENDING]
    request.session[PENDING] = {**pending, "hash": user.get_session_auth_hash()}


def pass_factor(request: HttpRequest, used: UsedFactor) -> None:
    """Note that the second factor was used; the web session will hang on it."""
    pass_step(
        request,
        FACTOR,
        kind=used.kind,
        device=used.device.persistent_id,
        at=time.time(),
    )


def advance(request: HttpRequest) -> str:
    """Where the sign-in goes on: the page of the step that is due, or, when none is, the
    page that was wanted; then the web session is open."""
    sign_in = sign_in_begun(request)
    if sign_in is None:
        leave_word(request)
        return reverse("accounts:sign_in")
    step = step_due(sign_in)
    return reverse(step.page) if step is not None else _finish(request, sign_in)


def leave_word(request: HttpRequest) -> None:
    """Tell on the sign-in page why it leads there: whoever came back by the mailbox alone is
    out until a colleague has said who it is."""
    pending: dict[str, Any] = request.session.get(PENDING) or {}
    user: User | None = User.objects.filter(pk=pending.get("user")).first()
    if user is not None and user.waits_to_be_known:
        request.session[NOTICE] = user.disabled_cause


def sign_in_step(*pages: str) -> Callable[[Callable[..., HttpResponse]], Any]:
    """Let a view run only while a step of these `pages` is due: `view(request, sign_in)`.

    Anybody else is led to where they are: the beginning, another step, or inside.
    """

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            sign_in = sign_in_begun(request)
            if sign_in is None:
                inside = request.user.is_authenticated
                return redirect("home" if inside else "accounts:sign_in")
            step = step_due(sign_in)
            if step is None or step.page not in pages:
                return redirect(advance(request))
            return view(request, sign_in, *args, **kwargs)

        return guarded

    return guard


def _finish(request: HttpRequest, sign_in: SignIn) -> str:
    """Open the web session, with a new id. Returns the page that was wanted."""
    user, factor = sign_in.user, sign_in.passed[FACTOR]
    used_before = look_back(user)
    request.session.pop(PENDING)
    device = Device.from_persistent_id(factor["device"])
    if device is None:  # taken away between its use and now
        return reverse("accounts:sign_in")
    auth.login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    request.web_session = open_web_session(  # type: ignore[attr-defined]
        user,
        cookie=request.session.session_key or "",
        factor_kind=factor["kind"],
        origin=origin_of(request),
        shared=shared.KEY in sign_in.passed,
    )
    remember_factor(request, UsedFactor(factor["kind"], device))
    request.session["factor_at"] = factor["at"]  # a mail may have come in between
    request.session[USED_BEFORE] = used_before
    if shared.KEY in sign_in.passed:
        shared.begin(request)
    audit.record(
        "auth.login.succeeded",
        acting_user=user,
        subject=user,
        origin=origin_of(request),
        first_step=sign_in.first,
        factor_kind=factor["kind"],
        recovery_code=factor["kind"] == RECOVERY_KIND,
    )
    return sign_in.next_path


def admit_escorted(request: HttpRequest, sign_in: SignIn, bound: Bound) -> None:
    """Open a web session for one request, after the first factor and the plant's code.

    No second factor is used, none is set up, and none hangs on it; the middleware lets it
    reach nothing but that request (`escorted`).
    """
    user, on_shared = sign_in.user, shared.KEY in sign_in.passed
    request.session.pop(PENDING)
    auth.login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    request.web_session = open_web_session(  # type: ignore[attr-defined]
        user,
        cookie=request.session.session_key or "",
        factor_kind=BY_ESCORT,
        origin=origin_of(request),
        shared=on_shared,
        bound=bound,
    )
    if on_shared:
        shared.begin(request)
    audit.record(
        "auth.login.succeeded",
        acting_user=user,
        subject=user,
        origin=origin_of(request),
        first_step=sign_in.first,
        factor_kind=BY_ESCORT,
        bound_to=bound.number,
    )


def renew_after_factor_change(request: HttpRequest, used: UsedFactor) -> None:
    """Tie the web session to the new factor, just used; the others end."""
    user = used.device.user
    end_web_sessions_of(
        user,
        reason=Ended.FACTOR,
        acting_user=user,
        origin=origin_of(request),
        except_key=web_session_key(request),
    )
    remember_factor(request, used)


@transaction.atomic
def record_sign_out(*, acting_user: User, origin: Origin) -> None:
    audit.record(
        "auth.logout", acting_user=acting_user, subject=acting_user, origin=origin
    )


def sign_out(request: HttpRequest) -> None:
    """End the web session; live sessions that hang on it end with it (policy)."""
    if request.user.is_authenticated:
        with transaction.atomic():
            record_sign_out(acting_user=request.user, origin=origin_of(request))
            web_session = web_session_of(request)
            if web_session is not None:
                end_web_session(
                    web_session, reason=Ended.SIGNED_OUT, acting_user=request.user
                )
    auth.logout(request)
