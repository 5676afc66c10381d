"""A passkey's authenticator in a few lines: what a phone does, without the phone."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.test import Client
from webauthn.helpers import bytes_to_base64url

from accessportal.accounts.models import Passkey, User
from accessportal.accounts.passkeys import relying_party

USER_PRESENT, USER_VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


class Authenticator:
    """Holds one key; `count` is its counter, `verifies`: whether it asks for the finger."""

    def __init__(self, *, origin: str = "", verifies: bool = True) -> None:
        self.origin = origin or settings.PUBLIC_URL
        self.verifies = verifies
        self.count = 0
        self.id = os.urandom(16)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def make(self, options: str | dict[str, Any]) -> str:
        """The answer to `navigator.credentials.create`."""
        asked = json.loads(options) if isinstance(options, str) else options
        statement = cbor2.dumps(
            {
                "fmt": "none",
                "attStmt": {},
                "authData": self._data(with_credential=True),
            }
        )
        said = self._said("webauthn.create", asked["challenge"])
        return self._answer(clientDataJSON=said, attestationObject=statement)

    def sign(self, options: str | dict[str, Any]) -> str:
        """The answer to `navigator.credentials.get`."""
        asked = json.loads(options) if isinstance(options, str) else options
        self.count += 1
        data, said = self._data(), self._said("webauthn.get", asked["challenge"])
        signature = self._key.sign(
            data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256())
        )
        return self._answer(
            clientDataJSON=said, authenticatorData=data, signature=signature
        )

    @property
    def credential_id(self) -> str:
        return bytes_to_base64url(self.id)

    @property
    def public_key(self) -> bytes:
        numbers = self._key.public_key().public_numbers()
        point = {-2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        return bytes(cbor2.dumps({1: 2, 3: -7, -1: 1, **point}))

    def _data(self, *, with_credential: bool = False) -> bytes:
        flags = USER_PRESENT | (USER_VERIFIED if self.verifies else 0)
        data = hashlib.sha256(relying_party().encode()).digest()
        if not with_credential:
            return data + struct.pack(">BI", flags, self.count)
        head = data + struct.pack(">BI", flags | HAS_CREDENTIAL, self.count)
        return (
            head
            + bytes(16)
            + struct.pack(">H", len(self.id))
            + self.id
            + self.public_key
        )

    def _said(self, kind: str, challenge: str) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": self.origin}
        ).encode()

    def _answer(self, **response: bytes) -> str:
        return json.dumps(
            {
                "id": self.credential_id,
                "rawId": self.credential_id,
                "type": "public-key",
                "response": {
                    name: bytes_to_base64url(value) for name, value in response.items()
                },
                "clientExtensionResults": {},
            }
        )


def passkey_for(user: User, name: str = "Phone") -> Authenticator:
    """A passkey of this person that is set up already."""
    authenticator = Authenticator()
    Passkey.objects.create(
        user=user,
        name=name,
        credential_id=authenticator.credential_id,
        public_key=authenticator.public_key,
    )
    return authenticator


def challenge_for(client: Client) -> dict[str, Any]:
    """What the page asks for before it asks for the passkey."""
    asked: dict[str, Any] = client.post("/accounts/passkey/").json()
    return asked


def passkey_sign_in(client: Client, authenticator: Authenticator, **data: Any) -> Any:
    """Sign in with the passkey alone."""
    answer = authenticator.sign(challenge_for(client))
    return client.post("/accounts/login/passkey/", {"passkey": answer, **data})
