"""Second factors typed as a code: an authenticator app (TOTP) and recovery codes, each once.

Passkeys are in `passkeys`; which kinds count where, in `factor_rules`.

A TOTP code that was used, or an older one, is never taken again: django-otp remembers the
time step of the last one. The sentence then says to wait for the next code.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import segno
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken

from accessportal import audit
from accessportal.accounts.models import (
    AuthenticatorApp,
    Passkey,
    RecoveryCodes,
    User,
)
from accessportal.accounts.models.coded_factors import CODES
from accessportal.accounts.services.coming_back import wait_to_be_known
from accessportal.errors import NotPossible, Sentence
from accessportal.keys import keyed_hash
from accessportal.notifications import notify
from accessportal.origin import Origin

PASSKEY_KIND = "passkey"
TOTP_KIND = "totp"
RECOVERY_KIND = "recovery_code"
PHISHING_RESISTANT = frozenset({PASSKEY_KIND})
RECOVERY_CODES = 10
SET_UP_TIME = timedelta(hours=1)
# Without letters and digits that look alike; 12 of 31 signs are 59 bits.
RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

WRONG_CODE = _(
    "That code is not right. Look at the code your app shows now, and check its clock."
)
USED_CODE = _(
    "That code has already been used. Wait up to 30 seconds until your app shows the next one."
)
WRONG_RECOVERY_CODE = _("That recovery code is not right, or it has been used before.")


@dataclass(frozen=True)
class UsedFactor:
    """kind: `passkey`, `totp` or `recovery_code`; device: django-otp's."""

    kind: str
    device: Any


def totp_device_of(user: User) -> AuthenticatorApp | None:
    """The confirmed authenticator of a person, if there is one."""
    confirmed = AuthenticatorApp.objects.filter(user=user, confirmed=True)
    app: AuthenticatorApp | None = confirmed.order_by("pk").first()
    return app


def has_passkey(user: User) -> bool:
    """Whether a person has a passkey that opens something."""
    return bool(Passkey.objects.usable().filter(user=user).exists())


def has_factor(user: User) -> bool:
    """Whether a person has a second factor; recovery codes only stand in for one."""
    return totp_device_of(user) is not None or has_passkey(user)


def lasting_device(used: UsedFactor) -> Device:
    """What a web session hangs on: the factor that was used, or, after a recovery code, which
    is gone, the one it stood in for."""
    if used.kind != RECOVERY_KIND:
        return used.device
    user = used.device.user
    return (
        totp_device_of(user)
        or Passkey.objects.usable().filter(user=user).first()
        or used.device
    )


def use_factor(
    *, acting_user: User, code: str, step_up: bool, origin: Origin
) -> UsedFactor:
    """Verify and use up one code of `acting_user`.

    The failure is kept (throttle and audit trail) before `NotPossible` is raised with the
    reason: wrong, already used, or too many attempts and how long to wait.
    """
    code = "".join(code.split()).replace("-", "").lower()
    with transaction.atomic():
        if code.isdigit() and len(code) <= 8:
            device, refusal = _try_totp(acting_user, code)
            kind = TOTP_KIND
        else:
            device, refusal = _try_recovery_code(acting_user, code)
            kind = RECOVERY_KIND

        if refusal is not None:
            event = "auth.stepup.failed" if step_up else "auth.login.failed"
            audit.record(
                event,
                acting_user=acting_user,
                subject=acting_user,
                origin=origin,
                result="refused",
                factor_kind=kind,
            )
        elif step_up:
            audit.record(
                "auth.stepup.completed",
                acting_user=acting_user,
                subject=acting_user,
                origin=origin,
                factor_kind=kind,
            )
        if refusal is None and kind == RECOVERY_KIND:
            audit.record(
                "auth.recovery.used",
                acting_user=acting_user,
                subject=acting_user,
                origin=origin,
                left=recovery_codes_left(acting_user),
            )
    if refusal is not None:
        raise NotPossible(refusal, code="code_refused")
    return UsedFactor(kind, device)


def _try_totp(user: User, code: str) -> tuple[AuthenticatorApp | None, Sentence | None]:
    device = (
        AuthenticatorApp.objects.select_for_update()
        .filter(user=user, confirmed=True)
        .order_by("pk")
        .first()
    )
    if device is None:
        return None, WRONG_CODE
    locked = _locked_sentence(device)
    if locked is not None:
        return None, locked
    if is_used_code(device, code):
        # Not a guess: the right code of a moment ago. It costs no attempt.
        return None, USED_CODE
    if not device.verify_token(code):
        return None, WRONG_CODE
    return device, None


def _try_recovery_code(
    user: User, code: str
) -> tuple[RecoveryCodes | None, Sentence | None]:
    device = (
        RecoveryCodes.objects.select_for_update()
        .filter(user=user, confirmed=True)
        .order_by("pk")
        .first()
    )
    if device is None:
        return None, WRONG_RECOVERY_CODE
    locked = _locked_sentence(device)
    if locked is not None:
        return None, locked
    stored = stored_recovery_code(code, device.key_id)
    before = unkeyed_recovery_code(code)
    if device.token_set.filter(token=before).exists():
        stored = before
    if not device.verify_token(stored):
        return None, WRONG_RECOVERY_CODE
    return device, None


def is_used_code(device: AuthenticatorApp, code: str) -> bool:
    """Whether `code` is right for now but not younger than the last one used."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time()
    return bool(totp.verify(int(code), device.tolerance)) and totp.t() <= device.last_t


def _locked_sentence(device: Any) -> Sentence | None:
    allowed, why = device.verify_is_allowed()
    if allowed:
        return None
    until = (why or {}).get("locked_until")
    seconds = max(1, int((until - timezone.now()).total_seconds()) + 1) if until else 30
    return ngettext(
        "Too many wrong codes. Wait %(seconds)d second, then try again.",
        "Too many wrong codes. Wait %(seconds)d seconds, then try again.",
        seconds,
    ) % {"seconds": seconds}


# --- Setting up ---------------------------------------------------------------------


def device_to_enrol(user: User, pk: int | None) -> AuthenticatorApp:
    """The authenticator being set up in one browser; `pk` is what that browser began with.

    A reload shows the same secret, another browser never does: whoever knows only the
    password must not see a secret that the person confirms later.
    """
    begun = AuthenticatorApp.objects.filter(user=user, confirmed=False)
    device: AuthenticatorApp | None = (
        begun.filter(pk=pk).first() if pk is not None else None
    )
    if device is None:
        begun.filter(created_at__lt=timezone.now() - SET_UP_TIME).delete()
        device = AuthenticatorApp.objects.create(
            user=user, name="authenticator", confirmed=False
        )
    return device


def manual_secret(device: AuthenticatorApp) -> str:
    """The secret in groups of four letters, for typing into an app by hand."""
    secret = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def qr_code(device: AuthenticatorApp) -> str:
    """The set-up link as an inline SVG without styles (the page's CSP allows none)."""
    code = segno.make(device.config_url, error="m", micro=False)
    return str(
        code.svg_inline(
            scale=5, border=3, dark="#000", light="#fff", omitsize=True, svgclass="qr"
        )
    )


def confirm_enrolment(
    *, acting_user: User, pk: int | None, code: str, origin: Origin
) -> AuthenticatorApp:
    """Make the authenticator `pk` count once its first code is right; all others go.

    Raises `NotPossible` when the code is wrong. The code is used up by this.
    """
    code = "".join(code.split())
    with transaction.atomic():
        device: AuthenticatorApp | None = (
            AuthenticatorApp.objects.select_for_update()
            .filter(user=acting_user, confirmed=False, pk=pk)
            .first()
        )
        refusal: Sentence | None = WRONG_CODE
        if device is not None:
            refusal = _locked_sentence(device)
            if refusal is None and not (code.isdigit() and device.verify_token(code)):
                refusal = WRONG_CODE

        if refusal is None and device is not None:
            AuthenticatorApp.objects.filter(user=acting_user).exclude(
                pk=device.pk
            ).delete()
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            factor_added(acting_user, TOTP_KIND, name=device.name, origin=origin)
    if refusal is not None or device is None:
        raise NotPossible(refusal, code="code_refused")
    return device


def factor_added(user: User, kind: str, *, name: str, origin: Origin) -> None:
    """Note that a person has one more factor, and tell the person (it may be somebody else)."""
    if user.factors_gone_at is not None and user.by_passkey_alone:
        wait_to_be_known(user, origin=origin)
    user.factors_confirmed_at, user.factors_gone_at = timezone.now(), None
    user.save(update_fields=["factors_confirmed_at", "factors_gone_at"])
    audit.record(
        "auth.mfa.enrolled",
        acting_user=user,
        subject=user,
        origin=origin,
        factor_kind=kind,
        phishing_resistant=kind in PHISHING_RESISTANT,
        name=name,
    )
    notify(
        [user],
        "account.factor_added",
        path="/account/",
        what=lambda: factor_in_words(kind, name),
    )


def factor_in_words(kind: str, name: str = "") -> str:
    """A factor as a mail or a page calls it."""
    if kind == PASSKEY_KIND:
        return gettext("Passkey “%(name)s”") % {"name": name}
    return (
        gettext("Authenticator app") if kind == TOTP_KIND else gettext("Recovery code")
    )


# --- Recovery codes -----------------------------------------------------------------


def make_recovery_codes(*, acting_user: User, origin: Origin) -> list[str]:
    """Ten new single-use codes; the old ones stop working. They can be shown only now."""
    codes = [_recovery_code() for _number in range(RECOVERY_CODES)]
    with transaction.atomic():
        RecoveryCodes.objects.filter(user=acting_user).delete()
        keep_recovery_codes(acting_user, [code.replace("-", "") for code in codes])
        audit.record(
            "auth.recovery.renewed",
            acting_user=acting_user,
            subject=acting_user,
            origin=origin,
        )
        notify([acting_user], "account.recovery_renewed", path="/account/")
    return codes


def keep_recovery_codes(user: User, codes: Iterable[str]) -> RecoveryCodes:
    """Store the hashes of these codes, under the present key."""
    kept: RecoveryCodes = RecoveryCodes.objects.create(user=user, name="recovery codes")
    StaticToken.objects.bulk_create(
        StaticToken(device=kept, token=stored_recovery_code(code, kept.key_id))
        for code in codes
    )
    return kept


def stored_recovery_code(code: str, key_id: str) -> str:
    """What the database keeps of a code: 64 bits of its hash, as long as the column allows.

    Keyed (SP 800-63B, 3.1.2.2): who has the database alone can try no codes on it. `key_id`:
    of the key of the set it belongs to. Raises `WrongKey` or `KeyMissing`.
    """
    return keyed_hash(CODES, code.encode(), key_id=key_id)[:16]


def unkeyed_recovery_code(code: str) -> str:
    """How codes were kept before there was a key; each stays good until it is used."""
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def _recovery_code() -> str:
    letters = "".join(secrets.choice(RECOVERY_ALPHABET) for _position in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def recovery_codes_left(user: User) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())
