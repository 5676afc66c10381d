"""Passwords, keys and ports of the demo machines, kept per data directory.

They are made once, so that a second start finds the same machines and the portal's stored
credentials stay right.
"""

from __future__ import annotations

import json
import os
import secrets
import string
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes

LETTERS = string.ascii_letters + string.digits
VNC_PASSWORD_LENGTH = 8  # VNC authentication looks at no more
RSA_BITS = 2048
# RFB's password file is hidden with this published key, not protected by it.
VNC_FILE_KEY = bytes([23, 82, 107, 6, 35, 78, 88, 7])


class SecretStore:
    """A JSON object in a file only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._values: dict[str, str] = {}
        if path.exists():
            self._values = json.loads(path.read_text(encoding="utf-8"))

    def get(self, name: str, make: Callable[[], str]) -> str:
        """The stored value, made and stored when there is none."""
        with self._lock:
            if name not in self._values:
                self._values[name] = make()
                self._save()
            return self._values[name]

    def peek(self, name: str) -> str | None:
        return self._values.get(name)

    def put(self, name: str, value: str) -> None:
        with self._lock:
            if self._values.get(name) != value:
                self._values[name] = value
                self._save()

    def _save(self) -> None:
        unfinished = self._path.with_suffix(".part")
        write_private(unfinished, json.dumps(self._values, indent=1).encode())
        os.replace(unfinished, self._path)


def write_private(path: Path, content: bytes) -> None:
    """Write a file nobody else can read, not even for a moment."""
    path.unlink(missing_ok=True)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
    ) as file:
        file.write(content)


def make_password(length: int = 16) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def vnc_password_file(password: str) -> bytes:
    """The content of a VNC password file: eight bytes, DES with every key byte mirrored."""
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in VNC_FILE_KEY)
    # The form RFB prescribes, for one block.
    encryptor = Cipher(TripleDES(mirrored * 3), modes.ECB()).encryptor()  # noqa: S305 - VNC's
    padded = password.encode("ascii")[:VNC_PASSWORD_LENGTH].ljust(
        VNC_PASSWORD_LENGTH, b"\0"
    )
    return encryptor.update(padded) + encryptor.finalize()


def make_rsa_key() -> str:
    """A PEM RSA key: the only kind guacd 1.3 imports."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def make_host_key() -> str:
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    ).decode()


def openssh_public_line(private_key: str) -> str:
    """``TYPE BASE64`` of a private key in PEM or OpenSSH form."""
    loaded: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if "OPENSSH" in private_key:
        loaded = serialization.load_ssh_private_key(private_key.encode(), None)  # type: ignore[assignment]
    else:
        loaded = serialization.load_pem_private_key(private_key.encode(), None)  # type: ignore[assignment]
    return (
        loaded.public_key()
        .public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        .decode()
    )
