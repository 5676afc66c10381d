"""Passkeys (WebAuthn): enrolled, used, and taken out of use when one seems copied.

User verification (PIN, finger, face) is always required, so a passkey is possession and
something more: alone it is two factors. Passkeys are discoverable, so nobody has to type who
they are. What a browser brings is verified by `webauthn`; what is asked for, and what
follows, stands here.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accessportal import audit
from accessportal.accounts.factors import (
    PASSKEY_KIND,
    UsedFactor,
    factor_added,
    has_factor,
)
from accessportal.accounts.models import Invitation, Passkey, User
from accessportal.errors import NotPossible
from accessportal.notifications import notify
from accessportal.origin import Origin

ASKED = "passkey_asked"
"""In Django's session: the challenge that this browser was given, for one answer."""

ASKED_SECONDS = 300
MOST_PASSKEYS = 10
NAME_LENGTH = 64

NOT_TAKEN = _(
    "This passkey was not accepted. Try again, or use another way to confirm."
)
TOO_OLD = _("That took too long. Please try again.")
UNKNOWN = _(
    "The portal does not know this passkey, or the access it belongs to has ended."
)
COPIED = _(
    "This passkey seems to have been copied and is not accepted any more. "
    "Use another way, and tell IT security."
)


def relying_party() -> str:
    """The domain that passkeys are bound to: that of `PUBLIC_URL`."""
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def passkeys_possible() -> bool:
    """Whether browsers allow passkeys at the portal's address: a name, and https
    (or this computer itself); never an IP address (WebAuthn, 5.1.3)."""
    host = relying_party()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return settings.PUBLIC_URL.startswith("https://") or host == "localhost"
    return False


# --- Asking -------------------------------------------------------------------------


def ask_to_enrol(request: HttpRequest, user: User) -> str:
    """What the browser needs to make a passkey, as JSON; the challenge is remembered."""
    return _ask_to_make(
        request,
        whose=f"person {user.pk}",
        email=user.email,
        full_name=user.full_name,
        known=Passkey.objects.filter(user=user),
    )


def ask_to_join(request: HttpRequest, invitation: Invitation, full_name: str) -> str:
    """The same for somebody who is about to join, and has typed the address of the invitation."""
    return _ask_to_make(
        request,
        whose=f"invitation {invitation.pk}",
        email=invitation.email,
        full_name=full_name,
        known=(),
    )


def _ask_to_make(
    request: HttpRequest,
    *,
    whose: str,
    email: str,
    full_name: str,
    known: Iterable[Passkey],
) -> str:
    options = webauthn.generate_registration_options(
        rp_id=relying_party(),
        rp_name="Access Portal",
        user_id=hashlib.sha256(f"access portal {whose}".encode()).digest(),
        user_name=email,
        user_display_name=full_name,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id))
            for passkey in known
        ],
    )
    _remember(request, options.challenge)
    return webauthn.options_to_json(options)


def ask_for_passkey(request: HttpRequest, user: User | None) -> str:
    """What the browser needs to use a passkey: one of `user`'s, or (None) any it has here."""
    options = webauthn.generate_authentication_options(
        rp_id=relying_party(),
        allow_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id))
            for passkey in (
                Passkey.objects.usable().filter(user=user) if user is not None else []
            )
        ],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _remember(request, options.challenge)
    return webauthn.options_to_json(options)


def _remember(request: HttpRequest, challenge: bytes) -> None:
    request.session[ASKED] = {
        "challenge": bytes_to_base64url(challenge),
        "at": time.time(),
    }


def _challenge(request: HttpRequest) -> bytes:
    """The challenge this browser was given; good for one answer. Raises `NotPossible`."""
    asked = request.session.pop(ASKED, None)
    if asked is None or not 0 <= time.time() - asked["at"] <= ASKED_SECONDS:
        raise NotPossible(TOO_OLD, code="passkey_too_late")
    return base64url_to_bytes(asked["challenge"])


# --- Enrolling ----------------------------------------------------------------------


@dataclass(frozen=True)
class NewPasskey:
    """What a browser made, verified, and not kept yet."""

    name: str
    credential_id: str
    public_key: bytes
    sign_count: int
    transports: list[str]


def enrol_passkey(
    request: HttpRequest, *, acting_user: User, answer: str, name: str, origin: Origin
) -> Passkey:
    """Keep the passkey that the browser made. The caller saw to another factor before.

    Raises `NotPossible` with the reason.
    """
    made = new_passkey(request, answer=answer, name=name)
    return keep_passkey(made, acting_user=acting_user, origin=origin)


def new_passkey(request: HttpRequest, *, answer: str, name: str) -> NewPasskey:
    """Verify what the browser made for the challenge of this page. Raises `NotPossible`."""
    challenge = _challenge(request)
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=relying_party(),
            expected_origin=settings.PUBLIC_URL,
            require_user_verification=True,
        )
        transports = json.loads(answer)["response"].get("transports") or []
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        raise NotPossible(NOT_TAKEN, code="passkey_refused") from None
    return NewPasskey(
        name=name.strip()[:NAME_LENGTH] or str(_("Passkey")),
        credential_id=bytes_to_base64url(made.credential_id),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=[str(one)[:20] for one in transports][:8],
    )


def keep_passkey(made: NewPasskey, *, acting_user: User, origin: Origin) -> Passkey:
    """Make it the person's. Raises `NotPossible` (too many, or known already)."""
    if Passkey.objects.filter(user=acting_user).count() >= MOST_PASSKEYS:
        raise NotPossible(
            _("You have %(count)d passkeys. Remove one that you do not use any more.")
            % {"count": MOST_PASSKEYS}
        )
    try:
        with transaction.atomic():
            passkey: Passkey = Passkey.objects.create(
                user=acting_user,
                name=made.name,
                credential_id=made.credential_id,
                public_key=made.public_key,
                sign_count=made.sign_count,
                transports=made.transports,
            )
            factor_added(acting_user, PASSKEY_KIND, name=passkey.name, origin=origin)
    except IntegrityError:
        raise NotPossible(
            _("This passkey is set up already."), code="passkey_known"
        ) from None
    return passkey


def joined_with(user: User) -> UsedFactor:
    """The passkey with which somebody has just joined, as the factor that was used."""
    return UsedFactor(PASSKEY_KIND, Passkey.objects.get(user=user))


# --- Using --------------------------------------------------------------------------


def use_passkey(
    request: HttpRequest,
    *,
    answer: str,
    owner: User | None,
    step_up: bool,
    origin: Origin,
) -> UsedFactor:
    """Verify what a passkey signed. `owner`: whose it has to be; None: it says who it is.

    The failure is kept in the trail before `NotPossible` is raised with the reason.
    """
    challenge = _challenge(request)
    passkey, refusal = _passkey_of(answer, owner), None
    with transaction.atomic():
        if passkey is None:
            refusal = UNKNOWN
        else:
            passkey = (
                Passkey.objects.select_for_update(of=("self",))
                .select_related("user__vendor")
                .get(pk=passkey.pk)
            )
            refusal = _verify(passkey, answer, challenge, origin)
        person = owner or (passkey.user if passkey is not None else None)
        if refusal is not None:
            audit.record(
                "auth.stepup.failed" if step_up else "auth.login.failed",
                acting_user=person,
                subject=person,
                origin=origin,
                result="refused",
                factor_kind=PASSKEY_KIND,
            )
        elif step_up:
            audit.record(
                "auth.stepup.completed",
                acting_user=person,
                subject=person,
                origin=origin,
                factor_kind=PASSKEY_KIND,
            )
    if refusal is not None or passkey is None:
        raise NotPossible(refusal or UNKNOWN, code="passkey_refused")
    return UsedFactor(PASSKEY_KIND, passkey)


def _passkey_of(answer: str, owner: User | None) -> Passkey | None:
    try:
        wanted = str(json.loads(answer)["id"])
    except (ValueError, KeyError, TypeError):
        return None
    known = Passkey.objects.usable().filter(credential_id=wanted)
    if owner is not None:
        known = known.filter(user=owner)
    found: Passkey | None = known.select_related("user__vendor").first()
    return found if found is not None and found.user.is_active else None


def _verify(passkey: Passkey, answer: str, challenge: bytes, origin: Origin) -> Any:
    """The reason against an answer, or None; then its use is noted.

    The count is looked at here and not by the library: one that does not rise is no bad
    signature but a copied key, and that has consequences (WebAuthn, 6.1.1).
    """
    try:
        used = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=relying_party(),
            expected_origin=settings.PUBLIC_URL,
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=-1,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        return NOT_TAKEN
    counts = used.new_sign_count > 0 or passkey.sign_count > 0
    if counts and used.new_sign_count <= passkey.sign_count:
        _distrust(passkey, used.new_sign_count, origin)
        return COPIED
    passkey.sign_count, passkey.last_used_at = used.new_sign_count, timezone.now()
    passkey.save(update_fields=["sign_count", "last_used_at"])
    return None


def _distrust(passkey: Passkey, count: int, origin: Origin) -> None:
    """A passkey whose count went backwards opens nothing any more."""
    passkey.distrusted_at = timezone.now()
    passkey.save(update_fields=["distrusted_at"])
    if not has_factor(passkey.user):  # it was the only one: as if it were taken away
        passkey.user.factors_gone_at = passkey.distrusted_at
        passkey.user.save(update_fields=["factors_gone_at"])
    audit.record(
        "auth.mfa.distrusted",
        acting_user=passkey.user,
        subject=passkey.user,
        origin=origin,
        factor_kind=PASSKEY_KIND,
        name=passkey.name,
        counted=count,
        expected_over=passkey.sign_count,
    )
    notify(
        [passkey.user], "account.passkey_copied", path="/account/", name=passkey.name
    )
