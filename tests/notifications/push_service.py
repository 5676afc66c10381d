"""A push service and the browser behind it, on this machine: reads what only it can read."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

from accessportal import keys
from accessportal.notifications.push_encryption import CURVE, bytes_of, text_of


@dataclass
class Arrived:
    """One message: what the service saw of it, and what the browser read."""

    path: str
    headers: dict[str, str]
    body: bytes
    plain: str

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.plain)
        return told

    @property
    def signed_by(self) -> str:
        """The sender's public key, as a browser is given it to subscribe with."""
        return self.headers["Authorization"].rpartition("k=")[2]


@dataclass
class PushService:
    """`answer`: the status of the next answers (201: taken; 410: the device is gone)."""

    port: int
    arrived: list[Arrived] = field(default_factory=list)
    answer: int = 201
    key: Any = field(default_factory=lambda: ec.generate_private_key(CURVE))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def subscription(self, name: str = "phone") -> dict[str, str]:
        """What a browser would send to the portal."""
        return self.place(name) | {"key_id": keys.push_key_id()}

    def place(self, name: str) -> dict[str, str]:
        """A place of a browser here, and the keys with which only that browser reads."""
        return {
            "endpoint": f"{self.origin}/push/{name}",
            "p256dh": text_of(keys.uncompressed_point(self.key)),
            "auth": text_of(self.auth),
        }

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.check_sender(headers["Authorization"])
        plain = self.read(body).decode() if self.answer == 201 else "{}"
        self.arrived.append(Arrived(path, headers, body, plain))

    def check_sender(self, authorization: str) -> None:
        """The token is signed by the key beside it, for this service, and ends (RFC 8292)."""
        fields = dict(
            part.strip().split("=", 1)
            for part in authorization.removeprefix("vapid ").split(",")
        )
        public = ec.EllipticCurvePublicKey.from_encoded_point(
            CURVE, bytes_of(fields["k"])
        )
        claims = jwt.decode(fields["t"], ECKey.import_key(public)).claims
        assert claims["aud"] == self.origin
        assert claims["sub"].startswith(("mailto:", "https://"))

    def read(self, body: bytes) -> bytes:
        """RFC 8291 from the browser's side."""
        salt, size, rest = body[:16], body[20], body[21:]
        theirs_raw, cipher = rest[:size], rest[size:]
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs_raw)
        ours = keys.uncompressed_point(self.key)
        secret = derived(
            self.key.exchange(ec.ECDH(), theirs),
            self.auth,
            b"WebPush: info\0" + ours + theirs_raw,
            32,
        )
        key = derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derived(secret, salt, b"Content-Encoding: nonce\0", 12)
        plain = AESGCM(key).decrypt(nonce, cipher, None)
        assert plain.endswith(b"\2")
        return plain[:-1]


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


@contextmanager
def push_service() -> Iterator[PushService]:
    held: list[PushService] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            held[0].take(self.path, dict(self.headers), body)
            self.send_response(held[0].answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.append(PushService(server.server_address[1]))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield held[0]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
