"""uvicorn's WebSocket, for browsers that mean no good or have died without a word.

What uvicorn itself waits for, a peer can withhold for ever: that the socket takes the
close frame, that what is buffered is read, that the close is answered. Here every wait
ends, and what a peer makes us answer is not queued for one who does not read.
"""

from __future__ import annotations

import socket
from asyncio.transports import BaseTransport

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import (
    WebSocketsSansIOProtocol,
)

CLOSE_SECONDS = 3.0
"""How long a peer may take to read what is buffered, and to answer the close."""

UNSENT_BYTES = 32 * 1024


class TunnelSocket(WebSocketsSansIOProtocol):
    """Closes in bounded time and holds bounded memory, whatever the peer does."""

    def connection_made(self, transport: BaseTransport) -> None:
        """What a slow link cannot take waits with us, where an old picture can be dropped,
        and not in the operating system, which keeps megabytes of it."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=UNSENT_BYTES)
        line = transport.get_extra_info("socket")
        if line is not None and line.family in (socket.AF_INET, socket.AF_INET6):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    async def send(self, message: ASGISendEvent) -> None:
        """As uvicorn's; but a close does not wait behind what is not being read."""
        closes = message["type"] == "websocket.close" and self.handshake_complete
        if closes:
            self.writable.set()
        await super().send(message)
        if closes and self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(CLOSE_SECONDS, self._hang_up)

    def handle_ping(self) -> None:
        """Answer a ping, unless the answers before are not being read."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def keepalive_timeout(self) -> None:
        """Nothing came back for a ping: nobody is there to read the rest either."""
        super().keepalive_timeout()
        self.transport.abort()

    def _hang_up(self) -> None:
        self.close_timer = None
        self.transport.abort()
