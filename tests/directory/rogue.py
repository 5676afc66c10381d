"""A provider that lies: it signs what a test tells it to, hangs, drips and floods."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from accessportal.accounts.directory.configuration import OpenIdSettings


@dataclass
class Rogue:
    """What the provider does next; `claims` change the id token, `answers` an endpoint's bytes."""

    url: str
    key: RSAKey
    algorithm: str = "RS256"
    claims: dict[str, Any] = field(default_factory=dict)
    sign_with: Any = None
    answers: dict[str, bytes] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    asked: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def settings(self, **changed: Any) -> OpenIdSettings:
        values: dict[str, Any] = {
            "issuer": self.url,
            "client_id": "access-portal",
            "client_secret": "secret",
        }
        return OpenIdSettings(**values | changed)

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            # A provider may offer what we must not take.
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
        } | self.metadata

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def token(self) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "olga-1",
            "aud": "access-portal",
            "iat": now,
            "exp": now + 60,
            "nonce": self.nonce,
            "email": "olga.olsen@example.test",
            "email_verified": True,
            "name": "Olga Olsen",
            "groups": ["ot-north"],
        } | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        return {
            "access_token": "at",
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": self.signed(claims),
        }

    def signed(self, claims: dict[str, Any]) -> str:
        header = {"alg": self.algorithm, "kid": self.key.kid}
        if self.algorithm in {"none", "HS256"}:  # joserfc would not help with either
            parts = [json.dumps(part).encode() for part in (header, claims)]
            signed = b".".join(in_base64(part) for part in parts)
            known_to_all = self.key.as_pem(private=False)
            mac = hmac.digest(known_to_all, signed, "sha256")
            return f"{signed.decode()}.{in_base64(mac).decode() * (self.algorithm != 'none')}"
        key = self.sign_with or self.key
        return jwt.encode(header, claims, key, algorithms=[self.algorithm])


def in_base64(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


class Handler(BaseHTTPRequestHandler):
    rogue: Rogue

    def do_GET(self) -> None:
        rogue = self.rogue
        path = self.path.partition("?")[0]
        rogue.asked.append(path)
        special = rogue.answers.get(path)
        if special == b"hang":
            rogue.stopped.wait(30)
        elif special == b"drip":
            self.drip()
        elif special == b"flood":
            self.flood()
        elif special is not None:
            self.say(special)
        elif path == "/.well-known/openid-configuration":
            self.say(json.dumps(rogue.discovery()).encode())
        elif path == "/keys":
            self.say(json.dumps(rogue.keys()).encode())
        elif path == "/token":
            self.say(json.dumps(rogue.token()).encode())
        elif path == "/userinfo":
            self.say(json.dumps(rogue.userinfo).encode())
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drip(self) -> None:
        """One byte, then the next: each in time, all of them never."""
        self.send_response(200)
        self.end_headers()
        while not self.rogue.stopped.wait(0.05):
            self.wfile.write(b" ")

    def flood(self) -> None:
        """50 MB of spaces before the brace."""
        self.send_response(200)
        self.end_headers()
        piece = b" " * 65_536
        for _number in range(800):
            self.wfile.write(piece)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:  # the portal has had enough
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def lying_provider(key: RSAKey) -> Iterator[Rogue]:
    handler = type("OneRogue", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    rogue = Rogue(f"http://127.0.0.1:{server.server_address[1]}", key)
    handler.rogue = rogue  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield rogue
    finally:
        rogue.stopped.set()
        server.shutdown()
        server.server_close()
