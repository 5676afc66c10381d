"""The portal's keys: files outside the database, mode 0600, made once by `ensure_keys`.

* `secret_key`: Django's.
* `credentials`: AES-256-GCM, for asset credentials.
* `recordings`: AES-256-GCM, wraps the data key of each recording.
* `seeds`: AES-256-GCM, for the seeds of authenticator apps.
* `codes`: HMAC-SHA256, for recovery codes. A hash cannot be made anew: what is stored stays
  under the key of its time.
* `signing`: Ed25519, signs recording manifests and heads of the audit trail.
* `push`: P-256 (VAPID, RFC 8292), says to push services who is sending.

A key id is the first 16 hex digits of the SHA-256 of the key (of its public half for
`signing` and `push`); it is stored beside what the key protects. A key that was rotated out
is kept in `retired/` as `<name>-<key id>` (of the signing key, the public half only): what it
sealed can be opened and what it signed can be verified, and nothing new is sealed or signed
with it; devices that know only the old `push` key are reached by it until they know the new. Files are
read anew when they change, so that no process has to be restarted for a rotation.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

SYMMETRIC_KEYS = ("credentials", "recordings", "seeds", "codes")
RETIRED = "retired"


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
        **dict.fromkeys(SYMMETRIC_KEYS, _new_symmetric_key),
        "signing": _new_signing_key,
        "push": _new_push_key,
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


def replace_key(name: str) -> tuple[str, str]:
    """Put a new key in place of `name`; returns (old key id, new key id).

    The old one is in `retired/`, on the disk, before the new one takes its place in one
    step: a crash at any moment leaves every envelope and signature with its key. One
    rotation at a time: raises `BlockingIOError` while another one runs.
    """
    directory = settings.KEYS_DIR
    with rotation_lock():
        if name == "signing":
            public = _public_bytes(signing_key().public_key())
            old_id, kept = key_id_of(public), base64.b64encode(public).decode()
            new = _new_signing_key()
        elif name == "push":
            old_id = push_key_id()
            kept = (directory / name).read_text().strip()
            new = _new_push_key()
        else:
            old_id, old_key = symmetric_key(name)
            kept = base64.b64encode(old_key).decode()
            new = _new_symmetric_key()
        retired = retired_file(name, old_id)
        retired.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(retired, kept)
        write_private(directory / name, new)
    if name == "signing":
        return old_id, key_id_of(_public_bytes(signing_key().public_key()))
    if name == "push":
        return old_id, push_key_id()
    return old_id, symmetric_key(name)[0]


def replace_secret_key() -> None:
    """A new secret key; what the old one signed stays valid until its fallback is removed.

    Processes read it when they start.
    """
    with rotation_lock():
        old = (settings.KEYS_DIR / "secret_key").read_text().strip()
        fallbacks = settings.KEYS_DIR / "secret_key_fallbacks"
        before = fallbacks.read_text().split() if fallbacks.exists() else []
        write_private(fallbacks, "\n".join([old, *before][:3]))
        write_private(settings.KEYS_DIR / "secret_key", secrets.token_urlsafe(64))


@contextmanager
def rotation_lock() -> Iterator[None]:
    """One rotation at a time on this machine."""
    handle = os.open(
        settings.KEYS_DIR / "rotation.lock", os.O_WRONLY | os.O_CREAT, 0o600
    )
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def write_private(path: Path, text: str) -> None:
    """Write a key file in one step, mode 0600, and see it onto the disk."""
    beside = path.with_name(f".{path.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def retired_key_ids(name: str) -> list[str]:
    """The ids of the keys `name` that were rotated out and are still kept."""
    found = (settings.KEYS_DIR / RETIRED).glob(f"{name}-*")
    return sorted(path.name.removeprefix(f"{name}-") for path in found)


def key_id_in(envelope: str) -> str:
    """The id of the key that sealed an envelope."""
    return envelope.split(".", 2)[1]


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
    if version != "v1":
        raise WrongKey("Not an envelope.")
    key = _key_of_id(name, key_id)
    try:
        return AESGCM(key).decrypt(raw[:12], raw[12:], bound_to.encode())
    except InvalidTag:
        raise WrongKey("It was changed, or belongs to another row.") from None


def keyed_hash(name: str, message: bytes, *, key_id: str) -> str:
    """HMAC-SHA256 in hex, with the key `name` of that id, also a retired one.

    Raises `WrongKey` or `KeyMissing`.
    """
    return hmac.digest(_key_of_id(name, key_id), message, "sha256").hex()


def sign(message: bytes) -> tuple[str, str]:
    """(key id, base64 signature) of `message` with the portal's Ed25519 key."""
    key = signing_key()
    return key_id_of(_public_bytes(key.public_key())), base64.b64encode(
        key.sign(message)
    ).decode()


def signature_is_valid(message: bytes, signature: str, key_id: str) -> bool:
    """Whether `signature` (base64) over `message` was made by the key `key_id`: the one
    held here, or one that was before it."""
    public = signing_key().public_key()
    if key_id_of(_public_bytes(public)) != key_id:
        retired = retired_file("signing", key_id)
        if not _is_key_id(key_id) or not retired.exists():
            return False
        public = Ed25519PublicKey.from_public_bytes(_key_bytes(retired))
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
    """See in the files themselves, whatever was read before, that `key_id` is there still.

    Raises `KeyMissing` or `WrongKey`: then what that key protects cannot be opened here.
    """
    forget_keys()
    _key_of_id(name, key_id)


def _key_of_id(name: str, key_id: str) -> bytes:
    """The key `name` of that id: the present one or a retired one. Raises `WrongKey`."""
    current_id, key = symmetric_key(name)
    if key_id == current_id:
        return key
    retired = retired_file(name, key_id)
    if _is_key_id(key_id) and retired.exists():
        key = _read_symmetric(retired)
        if key_id_of(key) == key_id:
            return key
    raise WrongKey(f"Sealed with key {key_id}, but the key here is {current_id}.")


def retired_file(name: str, key_id: str) -> Path:
    """Where the key `key_id` is kept after its rotation."""
    path: Path = settings.KEYS_DIR / RETIRED / f"{name}-{key_id}"
    return path


def _is_key_id(text: str) -> bool:
    """An id comes from a row: nothing else may become part of a file's name."""
    return len(text) == 16 and all(letter in "0123456789abcdef" for letter in text)


def signing_key() -> Ed25519PrivateKey:
    """The portal's Ed25519 key. Raises `KeyMissing`."""
    return _read_signing(settings.KEYS_DIR / "signing")


def push_key(key_id: str = "") -> ec.EllipticCurvePrivateKey:
    """The key that push services know us by: the present one, or the one of that id.

    Raises `WrongKey` for an id that is not kept any more, `KeyMissing`.
    """
    key = _read_push(settings.KEYS_DIR / "push")
    if not key_id or key_id == key_id_of(uncompressed_point(key)):
        return key
    retired = retired_file("push", key_id)
    if not _is_key_id(key_id) or not retired.exists():
        raise WrongKey(f"The push key {key_id} is not kept any more.")
    return _read_push(retired)


def push_key_id() -> str:
    """The id of the present push key. Raises `KeyMissing`."""
    return key_id_of(uncompressed_point(push_key()))


def uncompressed_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half as browsers and push services take it: 65 bytes, beginning with 4."""
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


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
    """Read the key files anew at the next use."""
    _key_bytes_as_of.cache_clear()


def _read_symmetric(path: Path) -> bytes:
    key = _key_bytes(path)
    if len(key) != 32:
        raise KeyMissing(f"The key {path.name!r} must hold 32 bytes.")
    return key


def _read_signing(path: Path) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(_key_bytes(path))
    except ValueError as error:
        raise KeyMissing(f"The key {path.name!r} cannot be read: {error}") from error


def _read_push(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        return ec.derive_private_key(
            int.from_bytes(_key_bytes(path), "big"), ec.SECP256R1()
        )
    except ValueError as error:
        raise KeyMissing(f"The key {path.name!r} cannot be read: {error}") from error


def _key_bytes(path: Path) -> bytes:
    """What a key file holds, read anew when the file has changed. Raises `KeyMissing`."""
    try:
        facts = path.stat()
        return _key_bytes_as_of(path, facts.st_mtime_ns, facts.st_ino)
    except (OSError, ValueError) as error:
        raise KeyMissing(f"The key {path.name!r} cannot be read: {error}") from error


@lru_cache(maxsize=64)
def _key_bytes_as_of(path: Path, changed_ns: int, inode: int) -> bytes:
    return base64.b64decode(path.read_text().strip(), validate=True)


def _new_symmetric_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _new_signing_key() -> str:
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _new_push_key() -> str:
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.b64encode(number.to_bytes(32, "big")).decode()


def _public_bytes(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes_raw()
