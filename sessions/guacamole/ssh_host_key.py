"""Learning an SSH server's host key without signing in (what `ssh-keyscan` does).

One key exchange (RFC 4253; curve25519 of RFC 8731, or for old devices the 2048-bit
group 14 of RFC 3526) up to the server's reply, whose signature over the exchange proves
that the server holds the key. guacd takes any host key unless one is given, so an
administrator looks at the fingerprint once and pins it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import socket
import struct
import time

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

OUR_VERSION = b"SSH-2.0-AccessPortal"
MSG_DISCONNECT, MSG_IGNORE, MSG_DEBUG = 1, 2, 4
MSG_KEXINIT, MSG_KEX_INIT, MSG_KEX_REPLY = 20, 30, 31
CURVE = (b"curve25519-sha256", b"curve25519-sha256@libssh.org")
GROUP_14 = (b"diffie-hellman-group14-sha256", b"diffie-hellman-group14-sha1")
PRIME_14 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A0879"
    "8E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B"
    "0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA4836"
    "1C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804"
    "F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6"
    "955817183995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
SIGNATURES = {"ssh-rsa": b"rsa-sha2-512,rsa-sha2-256,ssh-rsa"}
"""What a server may sign with, by kind of key; other kinds have one of their own name."""

CIPHERS = b"aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com"
MACS = b"hmac-sha2-256,hmac-sha2-512,hmac-sha1"
LONGEST_PACKET = 35_000
LONGEST_BANNER = 8_192


class HostKeyError(Exception):
    """The key could not be learnt; the text says why, for the log."""


def learn_host_key(host: str, port: int, kind: str, *, timeout: float = 5.0) -> str:
    """The key of this kind (`ssh-ed25519`, `ssh-rsa`, ...) that the SSH server proves to hold,
    as `TYPE BASE64`.

    timeout: seconds for the whole exchange. Raises `HostKeyError` or `OSError`.
    """
    until = time.monotonic() + timeout
    with socket.create_connection((host, port), timeout=timeout) as connection:
        return _Exchange(connection, kind, until).run()


class _Exchange:
    """One key exchange in the clear, up to the server's reply."""

    def __init__(self, connection: socket.socket, kind: str, until: float) -> None:
        self.connection = connection
        self.kind = kind
        self.until = until
        self.unread = b""

    def run(self) -> str:
        try:
            return self._run()
        except ConnectionError as error:
            # A server that hangs up may do so before it has read what we sent: a reset.
            raise HostKeyError("The server hung up.") from error
        except (struct.error, IndexError, ValueError, UnsupportedAlgorithm) as error:
            raise HostKeyError(
                f"The server's answer cannot be read: {error}"
            ) from error

    def _run(self) -> str:
        self.connection.sendall(OUR_VERSION + b"\r\n")
        their_version = self._version()
        ours = _kexinit(self.kind)
        self._send(ours)
        theirs = self._packet(MSG_KEXINIT)
        method = _agreed(theirs)
        secret = _Curve() if method in CURVE else _Group14()
        self._send(bytes([MSG_KEX_INIT]) + secret.shown)

        reply = _Reader(self._packet(MSG_KEX_REPLY)[1:])
        blob, their_share, signature = reply.text(), reply.text(), reply.text()
        hashed = hashlib.sha1 if method.endswith(b"sha1") else hashlib.sha256
        digest = hashed(
            _text(OUR_VERSION)
            + _text(their_version)
            + _text(ours)
            + _text(theirs)
            + _text(blob)
            + secret.shown
            + _text(their_share)
            + _mpint(secret.shared_with(their_share))
        ).digest()
        kind = _Reader(blob).text().decode("ascii")
        _verify(kind, blob, signature, digest)
        return f"{kind} {base64.b64encode(blob).decode()}"

    def _version(self) -> bytes:
        """The server's line `SSH-2.0-...`; lines before it are a greeting (RFC 4253, 4.2)."""
        read = 0
        while True:
            line, found, rest = self.unread.partition(b"\n")
            if found:
                self.unread = rest
                if line.startswith(b"SSH-"):
                    if not line.startswith((b"SSH-2.0-", b"SSH-1.99-")):
                        raise HostKeyError("The server speaks only SSH 1.")
                    return line.rstrip(b"\r")
                continue
            read += self._more()
            if read > LONGEST_BANNER:
                raise HostKeyError("This is not an SSH server.")

    def _packet(self, wanted: int) -> bytes:
        """The payload of the next packet of kind `wanted`; others that may come are skipped."""
        while True:
            while len(self.unread) < 5:
                self._more()
            length, padding_length = struct.unpack(">IB", self.unread[:5])
            if not 2 <= length <= LONGEST_PACKET or padding_length >= length:
                raise HostKeyError("This is not an SSH server.")
            while len(self.unread) < 4 + length:
                self._more()
            payload = self.unread[5 : 4 + length - padding_length]
            self.unread = self.unread[4 + length :]
            kind = payload[0]
            if kind == wanted:
                return payload
            if kind == MSG_DISCONNECT:
                raise HostKeyError("The server hung up: no common algorithm.")
            if kind not in (MSG_IGNORE, MSG_DEBUG):
                raise HostKeyError(f"The server said {kind} instead of {wanted}.")

    def _send(self, payload: bytes) -> None:
        padding_length = 8 - (5 + len(payload)) % 8
        if padding_length < 4:
            padding_length += 8
        length = 1 + len(payload) + padding_length
        self.connection.sendall(
            struct.pack(">IB", length, padding_length)
            + payload
            + os.urandom(padding_length)
        )

    def _more(self) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise HostKeyError("The server took too long.")
        self.connection.settimeout(left)
        data = self.connection.recv(16_384)
        if not data:
            raise HostKeyError("The server hung up.")
        self.unread += data
        return len(data)


class _Curve:
    """Our half of a curve25519 exchange; `shown` is as it goes over the wire."""

    def __init__(self) -> None:
        self.private = X25519PrivateKey.generate()
        self.shown = _text(self.private.public_key().public_bytes_raw())

    def shared_with(self, theirs: bytes) -> int:
        return int.from_bytes(
            self.private.exchange(X25519PublicKey.from_public_bytes(theirs))
        )


class _Group14:
    """Our half of a classic Diffie-Hellman exchange."""

    def __init__(self) -> None:
        self.private = secrets.randbits(512)
        self.shown = _mpint(pow(2, self.private, PRIME_14))

    def shared_with(self, theirs: bytes) -> int:
        share = int.from_bytes(theirs)
        if not 1 < share < PRIME_14 - 1:
            raise HostKeyError("The server's share of the exchange is out of range.")
        return pow(share, self.private, PRIME_14)


def _agreed(kexinit: bytes) -> bytes:
    """The exchange to use: the first of ours that the server offers."""
    offered = _Reader(kexinit[17:]).text().split(b",")
    for method in (*CURVE, *GROUP_14):
        if method in offered:
            return method
    raise HostKeyError("The server offers no key exchange that the portal knows.")


class _Reader:
    """Strings of the SSH wire format, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def text(self) -> bytes:
        (length,) = struct.unpack(">I", self.data[:4])
        if length > len(self.data) - 4:
            raise ValueError("cut off")
        value, self.data = self.data[4 : 4 + length], self.data[4 + length :]
        return value


def _verify(kind: str, blob: bytes, signature: bytes, digest: bytes) -> None:
    """Raises `HostKeyError` unless the key signed the exchange."""
    key = load_ssh_public_key(kind.encode() + b" " + base64.b64encode(blob))
    reader = _Reader(signature)
    algorithm, value = reader.text().decode("ascii"), reader.text()
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(value, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            numbers = _Reader(value)
            r, s = (int.from_bytes(numbers.text()) for _ in range(2))
            sizes = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
            key.verify(
                encode_dss_signature(r, s), digest, ec.ECDSA(sizes[key.curve.key_size])
            )
        elif isinstance(key, rsa.RSAPublicKey):
            by_name = {"rsa-sha2-512": hashes.SHA512(), "rsa-sha2-256": hashes.SHA256()}
            # Twenty-year-old devices sign with SHA-1 only; the key is looked at by a person.
            algorithm_hash = by_name.get(algorithm, hashes.SHA1())  # noqa: S303 - an old machine's
            key.verify(value, digest, padding.PKCS1v15(), algorithm_hash)
        else:
            raise HostKeyError(f"Keys of the kind {kind} cannot be checked.")
    except (InvalidSignature, KeyError) as error:
        raise HostKeyError("The server does not hold the key it shows.") from error


def _kexinit(kind: str) -> bytes:
    methods = b",".join((*CURVE, *GROUP_14))
    signatures = SIGNATURES.get(kind, kind.encode())
    lists = [
        methods,
        signatures,
        CIPHERS,
        CIPHERS,
        MACS,
        MACS,
        b"none",
        b"none",
        b"",
        b"",
    ]
    return (
        bytes([MSG_KEXINIT])
        + os.urandom(16)
        + b"".join(_text(names) for names in lists)
        + b"\x00"
        + b"\x00\x00\x00\x00"
    )


def _text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _mpint(number: int) -> bytes:
    size = number.bit_length() // 8 + 1
    return _text(number.to_bytes(size) if number else b"")
