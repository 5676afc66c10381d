"""A bare byte pump: whatever is read goes on as one WebSocket message, unlooked at.

The least a relay over this server can cost. No browser could use it: its messages end
anywhere.
"""

from __future__ import annotations

import asyncio
from typing import Any

from accessportal.bench.peers.serving import options, serve
from sessions.guacamole.handshake import GuacdAddress, open_connection


def pump(guacd: GuacdAddress) -> Any:
    """The ASGI application."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "guacamole"})
        stream = await open_connection(guacd, "vnc", {})

        async def upstream() -> None:
            while (message := await receive())["type"] == "websocket.receive":
                stream.send(message["text"])

        answering = asyncio.create_task(upstream())
        try:
            while data := await stream.read():
                await send({"type": "websocket.send", "bytes": data})
        finally:
            answering.cancel()
            await stream.leave()

    return app


if __name__ == "__main__":
    given = options()
    serve(pump(GuacdAddress("127.0.0.1", given.guacd)), given.port)
