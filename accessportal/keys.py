"""The portal's keys: files outside the database, mode 0600, made once by `ensure_keys`.

* `secret_key`: Django's.
* `credentials`: AES-256-GCM, for asset credentials and TOTP seeds' like.
* `recordings`: AES-256-GCM, wraps the data key of each recording.
* `signing`: Ed25519, signs recording manifests and heads of the audit trail.

A key id is the first 16 hex digits of the SHA-256 of the key (public key for Ed25519);
it is stored beside what the key protects, so that keys can be rotated.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

SYMMETRIC_KEYS = ("credentials", "recordings")


class KeyMissing(Exception):
    """A key file is not there or cannot be read."""


class WrongKey(Exception):
    """What was to be opened does not belong to this key or this row, or was changed."""


def ensure_keys(directory: Path | None = None) -> list[str]:
    """Make the key files that are missing; returns the names of those made."""
    directory = directory or settings.KEYS_DIR
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = []
    contents = {
        "secret_key": lambda: secrets.token_urlsafe(64),
        "credentials": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
        "recordings": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
        "signing": _new_signing_key,
    }
    for name, make in contents.items():
        try:
            handle = os.open(
                directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
            )
        except FileExistsError:
            continue
        with os.fdopen(handle, "w") as file:
            file.write(make() + "\n")
        made.append(name)
    return made


def seal(name: str, plain: bytes, *, bound_to: str) -> str:
    """Encrypt with key `name`; the text can be opened only for the same `bound_to`."""
    key_id, key = symmetric_key(name)
    nonce = secrets.token_bytes(12)
    cipher = AESGCM(key).encrypt(nonce, plain, bound_to.encode())
    return f"v1.{key_id}.{base64.b64encode(nonce + cipher).decode()}"


def unseal(name: str, envelope: str, *, bound_to: str) -> bytes:
    """Open an envelope of `seal`. Raises `WrongKey` or `KeyMissing`."""
    try:
        version, key_id, body = envelope.split(".", 2)
        raw = base64.b64decode(body, validate=True)
    except ValueError:
        raise WrongKey("Not an envelope.") from None
    current_id, key = symmetric_key(name)
    if version != "v1" or key_id != current_id:
        raise WrongKey(f"Sealed with key {key_id}, but the key here is {current_id}.")
    try:
        return AESGCM(key).decrypt(raw[:12], raw[12:], bound_to.encode())
    except InvalidTag:
        raise WrongKey("It was changed, or belongs to another row.") from None


def sign(message: bytes) -> tuple[str, str]:
    """(key id, base64 signature) of `message` with the portal's Ed25519 key."""
    key = signing_key()
    return key_id_of(_public_bytes(key.public_key())), base64.b64encode(
        key.sign(message)
    ).decode()


def signature_is_valid(message: bytes, signature: str, key_id: str) -> bool:
    """Whether `signature` (base64) over `message` was made by the key `key_id` held here."""
    public = signing_key().public_key()
    if key_id_of(_public_bytes(public)) != key_id:
        return False
    try:
        public.verify(base64.b64decode(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def symmetric_key(name: str) -> tuple[str, bytes]:
    """(key id, 32 bytes) of the key file `name`. Raises `KeyMissing`."""
    key = _read_symmetric(settings.KEYS_DIR / name)
    return key_id_of(key), key


def check_key(name: str, key_id: str) -> None:
    """See in the file itself, whatever was read before, that key `name` is still `key_id`.

    Raises `KeyMissing` or `WrongKey`: then what that key protects cannot be opened here.
    """
    found = key_id_of(_read_symmetric.__wrapped__(settings.KEYS_DIR / name))
    if found != key_id:
        raise WrongKey(f"Sealed with key {key_id}, but the key here is {found}.")


def signing_key() -> Ed25519PrivateKey:
    """The portal's Ed25519 key. Raises `KeyMissing`."""
    return _read_signing(settings.KEYS_DIR / "signing")


def public_key_pem() -> str:
    """The public half of the signing key, for whoever verifies evidence elsewhere."""
    return (
        signing_key()
        .public_key()
        .public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        .decode()
    )


def key_id_of(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:16]


def forget_keys() -> None:
    """Read the key files anew at the next use (after a rotation; in tests)."""
    _read_symmetric.cache_clear()
    _read_signing.cache_clear()


@lru_cache
def _read_symmetric(path: Path) -> bytes:
    try:
        key = base64.b64decode(path.read_text().strip(), validate=True)
    except (OSError, ValueError) as error:
        raise KeyMissing(f"The key {path.name!r} cannot be read: {error}") from error
    if len(key) != 32:
        raise KeyMissing(f"The key {path.name!r} must hold 32 bytes.")
    return key


@lru_cache
def _read_signing(path: Path) -> Ed25519PrivateKey:
    try:
        raw = base64.b64decode(path.read_text().strip(), validate=True)
        return Ed25519PrivateKey.from_private_bytes(raw)
    except (OSError, ValueError) as error:
        raise KeyMissing(f"The key {path.name!r} cannot be read: {error}") from error


def _new_signing_key() -> str:
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _public_bytes(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes_raw()
