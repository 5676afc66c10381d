"""The relays that are measured: how each is started, and how a client comes in."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
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
    """One relay.

    `command` makes its command line of its port, guacd's port, and a file. `way_in` gives
    path and headers of its WebSocket; it is asked when the relay answers, and may read
    what the relay has written to that file.
    """

    name: str
    command: Callable[[int, int, Path], list[str]]
    way_in: Callable[[Path], tuple[str, dict[str, str]]] = lambda entry: ("/", {})


def relays() -> list[Relay]:
    """All of them, in the order of the table."""
    return [
        Relay("portal", _portal(), _portal_way_in),
        Relay("portal-relay", _portal("--without-recorder"), _portal_way_in),
        Relay("pump", _module("pump")),
        Relay("guapy", _module("guapy_app")),
        Relay(
            "guacamole-lite",
            lambda port, guacd, entry: [
                *node_command(),
                str(PEERS / "guacamole_lite.cjs"),
                str(port),
                str(guacd),
                LITE_KEY,
            ],
            lambda entry: (f"/?token={quote(_lite_token())}", {}),
        ),
    ]


def _module(name: str) -> Callable[[int, int, Path], list[str]]:
    return lambda port, guacd, entry: [
        sys.executable,
        "-m",
        f"accessportal.bench.peers.{name}",
        "--port",
        str(port),
        "--guacd",
        str(guacd),
    ]


def _portal(*more: str) -> Callable[[int, int, Path], list[str]]:
    module = _module("portal")
    return lambda port, guacd, entry: [
        *module(port, guacd, entry),
        "--entry",
        str(entry),
        *more,
    ]


def _portal_way_in(entry: Path) -> tuple[str, dict[str, str]]:
    found = json.loads(entry.read_text(encoding="utf-8"))
    return found["path"], found["headers"]


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
