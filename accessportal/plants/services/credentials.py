"""Stored sign-ins of endpoints: written here, opened only by the broker (promise 8)."""

from __future__ import annotations

import time

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible
from accessportal.origin import Origin
from accessportal.plants.models import Credential, Endpoint
from accessportal.plants.vault import change_secrets


@transaction.atomic
def store_credential(
    endpoint: Endpoint,
    *,
    acting_user: User,
    origin: Origin,
    username: str,
    password: str | None = None,
    private_key: str | None = None,
    passphrase: str = "",
) -> Credential:
    """Store how the portal signs in. None keeps what is stored, an empty text removes it.

    A private key is stored as the PEM that guacd can read, without its passphrase: the
    vault seals it. The trail says which of them changed, never their values.
    """
    endpoint = (
        Endpoint.objects.select_for_update(of=("self",))
        .select_related("asset__zone__site")
        .get(pk=endpoint.pk)
    )
    site = endpoint.asset.zone.site

    if not may(acting_user, Action.PLANT_CHANGE, site):
        raise NotAllowed
    if (
        not origin.factor
        or time.time() - origin.factor_at > settings.FRESH_FACTOR_SECONDS
    ):
        raise FreshFactorNeeded
    if private_key:
        private_key = readable_key(private_key, passphrase)

    credential = Credential.objects.filter(endpoint=endpoint).first() or Credential(
        endpoint=endpoint
    )
    changed = change_secrets(
        credential, username=username, password=password, private_key=private_key
    )
    credential.changed_at, credential.changed_by = timezone.now(), acting_user
    credential.save()

    if changed:
        record(
            "credential.changed",
            acting_user=acting_user,
            subject=endpoint,
            origin=origin,
            site=site,
            changed=changed,
        )
    return credential


def readable_key(text: str, passphrase: str = "") -> str:
    """An SSH private key as PEM RSA, the only kind that guacd 1.3 reads.

    Takes RSA keys in PEM, PKCS#8 or OpenSSH format. Raises `NotPossible` otherwise:
    guacd would say nothing and ask the vendor for a password.
    """
    secret = passphrase.encode() or None
    data = text.strip().replace("\r\n", "\n").encode() + b"\n"
    load = (
        serialization.load_ssh_private_key
        if b"OPENSSH PRIVATE KEY" in data
        else serialization.load_pem_private_key
    )
    try:
        key = load(data, password=secret)
    except UnsupportedAlgorithm:
        # OpenSSH's own format with a passphrase needs a library that nothing else needs.
        raise NotPossible(
            _(
                "A key of this format with a passphrase cannot be read here. "
                "Convert it first with: ssh-keygen -p -m PEM -f KEY"
            ),
            code="key_format",
        ) from None
    except (ValueError, TypeError):
        raise NotPossible(
            _(
                "This private key cannot be read. Paste it whole, and check its passphrase."
            ),
            code="key_unreadable",
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise NotPossible(
            _(
                "guacd 1.3 can only use RSA keys. Make one with: ssh-keygen -t rsa -b 4096 -m PEM"
            ),
            code="key_not_rsa",
        )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
