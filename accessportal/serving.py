"""The ASGI server of processes that hold sessions: uvicorn, with something running inside.

Used by the embedded profile's one process and by production's broker. A web process needs
nothing inside and is started by uvicorn's own command line.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from typing import Any, Protocol

import uvicorn

from accessportal.memory import keep_freed_memory, set_aside_what_stays

WEBSOCKET_MAX_BYTES = 256 * 1024  # the tunnel's own limits are stricter
GRACE_SECONDS = 5  # for answers under way when the process stops
TURN_SECONDS = 0.0005
"""So long a thread may compute before the event loop, where the keys go, gets its turn
(decision 130); Python's own number is 0.005."""


class Inside(Protocol):
    """What lives in the server's event loop, from before the first answer to after the last."""

    async def start(self) -> None:
        """Start it; an exception keeps the server from answering."""

    async def stop(self) -> None:
        """Stop it properly, within a bound of its own."""


def config(**changes: Any) -> uvicorn.Config:
    """uvicorn as architecture 3 measured it: sans-I/O WebSockets, no compression on them."""
    settings: dict[str, Any] = {
        "app": "accessportal.asgi:application",
        "loop": "uvloop",
        "http": "httptools",
        "ws": "accessportal.tunnel_socket:TunnelSocket",
        "ws_max_size": WEBSOCKET_MAX_BYTES,
        "ws_per_message_deflate": False,
        "lifespan": "off",
        "access_log": False,
        "log_config": None,
        "proxy_headers": False,  # accessportal.origin weighs them
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_SECONDS,
    }
    return uvicorn.Config(**(settings | changes))


def prepare_process() -> None:
    """What the interpreter is told where sessions are held."""
    keep_freed_memory()
    sys.setswitchinterval(TURN_SECONDS)


class Server(uvicorn.Server):
    """Starts `inside` before the first answer, and stops it before the sockets close."""

    def __init__(
        self,
        config: uvicorn.Config,
        inside: Inside,
        when_ready: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        prepare_process()
        self.inside = inside
        self.when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start what runs inside, then listen, then say so."""
        await self.inside.start()
        await super().startup(sockets)
        set_aside_what_stays()
        if self.started:
            self.when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what runs inside while its people are still connected, then disconnect them."""
        await self.inside.stop()
        await super().shutdown(sockets)
