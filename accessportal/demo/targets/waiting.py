"""Readiness: ask until the machine answers, its process dies or the patience ends."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from .errors import TargetFailed
from .facts import LOOPBACK
from .process import Child

READY_SECONDS = 20.0
PAUSE_SECONDS = 0.05
ANSWER_SECONDS = 3.0


def wait_until(what: str, child: Child, ready: Callable[[], bool]) -> None:
    """Return when ``ready()`` is true.

    Raises ``TargetFailed`` when the process ended or nothing came in 20 s.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if ready():
            return
        if not child.alive:
            code = child.process.returncode
            raise TargetFailed(
                child.name, f"its process ended with code {code}", child.log
            )
        time.sleep(PAUSE_SECONDS)
    raise TargetFailed(
        child.name, f"{what} did not come in {READY_SECONDS:.0f} s", child.log
    )


def answers(port: int, expected: bytes, *, say: bytes = b"") -> bool:
    """Whether the server on this port answers with something that holds ``expected``."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=ANSWER_SECONDS) as link:
            link.settimeout(ANSWER_SECONDS)
            if say:
                link.sendall(say)
            heard = b""
            while expected not in heard and len(heard) < 4096:
                part = link.recv(1024)
                if not part:
                    return False
                heard += part
            return True
    except OSError:
        return False


def port_is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def fresh_port() -> int:
    with socket.socket() as trial:
        trial.bind((LOOPBACK, 0))
        port: int = trial.getsockname()[1]
        return port
