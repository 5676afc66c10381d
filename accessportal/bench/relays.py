"""The relays that are measured: how each is started, and how a client comes in."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from accessportal.launcher.browser_files import node_command

PEERS = Path(__file__).with_name("peers")
LITE_KEY = "a-key-of-thirty-two-characters-."
LITE_IV = "sixteen-letters."


@dataclass(frozen=True)
class Relay:
    """One relay: `command` of its port and guacd's; path and headers of its WebSocket."""

    name: str
    command: Callable[[int, int], list[str]]
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)


def relays() -> list[Relay]:
    """All of them, in the order of the table."""
    return [
        Relay("pump", _module("pump")),
        Relay("guapy", _module("guapy_app")),
        Relay(
            "guacamole-lite",
            lambda port, guacd: [
                *node_command(),
                str(PEERS / "guacamole_lite.cjs"),
                str(port),
                str(guacd),
                LITE_KEY,
            ],
            path=f"/?token={quote(_lite_token())}",
        ),
    ]


def _module(name: str) -> Callable[[int, int], list[str]]:
    return lambda port, guacd: [
        sys.executable,
        "-m",
        f"accessportal.bench.peers.{name}",
        "--port",
        str(port),
        "--guacd",
        str(guacd),
    ]


def _lite_token() -> str:
    """What guacamole-lite wants instead of a ticket: the settings, encrypted.

    It reads the initialisation vector as ASCII, so that is what it is.
    """
    settings = {"connection": {"type": "vnc", "settings": {"hostname": "127.0.0.1"}}}
    padder = PKCS7(128).padder()
    padded = padder.update(json.dumps(settings).encode()) + padder.finalize()
    cipher = Cipher(algorithms.AES(LITE_KEY.encode()), modes.CBC(LITE_IV.encode()))
    encryptor = cipher.encryptor()
    value = encryptor.update(padded) + encryptor.finalize()
    sealed = {
        "iv": base64.b64encode(LITE_IV.encode()).decode(),
        "value": base64.b64encode(value).decode(),
    }
    return base64.b64encode(json.dumps(sealed).encode()).decode()
