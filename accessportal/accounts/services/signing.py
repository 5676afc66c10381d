"""Signing in and out: password first, then the second factor, then the web session."""

from __future__ import annotations

import time
from typing import Any

import django_otp
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest

from accessportal import audit
from accessportal.accounts.factors import RECOVERY_KIND, TOTP_KIND, totp_device_of
from accessportal.accounts.models import User
from accessportal.accounts.stepup import remember_factor
from accessportal.accounts.web_sessions import end_web_sessions_of
from accessportal.origin import Origin, origin_of

PENDING = "sign_in"
PENDING_SECONDS = 600


def check_password(request: HttpRequest, *, email: str, password: str) -> User | None:
    """The person, when e-mail and password are right and access goes on; else None.

    The same time and the same answer for an unknown address: Django hashes a password
    in any case, and django-axes counts failures for any address.
    """
    email = email.strip().lower()
    user = auth.authenticate(request, email=email, password=password)
    if user is None:
        _record_failure(request, email)
    return user


def _record_failure(request: HttpRequest, email: str) -> None:
    """Audit the failure. What was typed is kept only when it is somebody's address: it may
    be a password in the wrong field."""
    known = User.objects.filter(email=email).first()
    locked = bool(getattr(request, "axes_locked_out", False))
    audit.record(
        "auth.login.locked" if locked else "auth.login.failed",
        acting_user=known,
        subject=known,
        origin=origin_of(request),
        result="refused",
        address_known=known is not None,
    )


def begin_sign_in(request: HttpRequest, user: User, *, next_path: str) -> None:
    """Remember that the password was right; nobody is signed in by it.

    What the browser held before is dropped and the web session gets a new id.
    """
    request.session.flush()
    request.session[PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "at": time.time(),
        "next": next_path,
    }


def pending_user(request: HttpRequest) -> User | None:
    """Whose password was right in this browser less than ten minutes ago."""
    pending: dict[str, Any] = request.session.get(PENDING) or {}
    if not pending or time.time() - pending["at"] > PENDING_SECONDS:
        return None
    user: User | None = User.objects.filter(pk=pending["user"]).first()
    if (
        user is None
        or not user.is_active
        or user.get_session_auth_hash() != pending["hash"]
    ):
        return None
    return user


def finish_sign_in(request: HttpRequest, user: User, *, kind: str, device: Any) -> str:
    """Open the web session, with a new id, after the second factor. Returns the next path."""
    next_path: str = request.session.pop(PENDING, {}).get("next", "/")
    auth.login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    django_otp.login(request, totp_device_of(user) or device)
    remember_factor(request, kind)
    audit.record(
        "auth.login.succeeded",
        acting_user=user,
        subject=user,
        origin=origin_of(request),
        recovery_code=kind == RECOVERY_KIND,
    )
    return next_path


def renew_after_factor_change(request: HttpRequest, device: Any) -> None:
    """Tie the web session to the new authenticator, just used; the others end."""
    end_web_sessions_of(device.user, except_key=request.session.session_key or "")
    django_otp.login(request, device)
    remember_factor(request, TOTP_KIND)


@transaction.atomic
def record_sign_out(*, acting_user: User, origin: Origin) -> None:
    audit.record(
        "auth.logout", acting_user=acting_user, subject=acting_user, origin=origin
    )


def sign_out(request: HttpRequest) -> None:
    """End the web session; live sessions that hang on it end with it (policy)."""
    if request.user.is_authenticated:
        record_sign_out(acting_user=request.user, origin=origin_of(request))
    auth.logout(request)
