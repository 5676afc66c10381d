"""A link that is slow, stalls, or dies without a word: a TCP proxy in the test's own loop.

Both ways have one bottleneck that all connections share, as a hotel's Wi-Fi has: so many
bytes a second, so long a way, and a buffer of its own before it pushes back.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

BUFFER_BYTES = 64 * 1024
"""What the bottleneck queues: half a second at 1 Mbit/s."""

PIECE_BYTES = 4 * 1024


class Way:
    """One direction of the link."""

    def __init__(self, bytes_per_second: float, delay: float) -> None:
        self.bytes_per_second = bytes_per_second
        self.delay = delay
        self.carried = 0
        self.open = asyncio.Event()
        self.open.set()
        self._free_at = 0.0

    def arrival(self, size: int) -> float:
        """When a piece that enters now is out at the other end (event-loop time)."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at)
        if self.bytes_per_second:
            self._free_at += size / self.bytes_per_second
        return self._free_at + self.delay


class SlowLink:
    """`async with slow_link(port, ...) as link:`; browsers connect to `link.port`.

    bytes_per_second: 0 is no limit. delay: seconds one way.
    """

    def __init__(self, target: int, bytes_per_second: float, delay: float) -> None:
        self._target = target
        self.up = Way(bytes_per_second, delay)
        self.down = Way(bytes_per_second, delay)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def open(self) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self._server = await asyncio.start_server(self._serve, sock=listening)
        self.port = listening.getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stall(self) -> None:
        """Nothing gets through, in neither direction; nothing is lost."""
        self.up.open.clear()
        self.down.open.clear()

    def resume(self) -> None:
        self.up.open.set()
        self.down.open.set()

    def reset(self) -> None:
        """Every connection breaks now, as when a proxy is restarted."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there = socket.socket()
        there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        there.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(there, ("127.0.0.1", self._target))
        far_reader, far_writer = await asyncio.open_connection(
            sock=there, limit=PIECE_BYTES
        )
        self._writers |= {writer, far_writer}
        ways = [
            asyncio.create_task(_carry(self.up, reader, far_writer)),
            asyncio.create_task(_carry(self.down, far_reader, writer)),
        ]
        self._tasks.update(ways)
        for way in ways:
            way.add_done_callback(self._tasks.discard)
        await asyncio.wait(ways)
        self._writers -= {writer, far_writer}


async def _carry(
    way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Read, hold for as long as the way takes, write; with a bounded queue in between."""
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(
        BUFFER_BYTES // PIECE_BYTES
    )

    async def deliver() -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await queue.get()
            if (left := due - loop.time()) > 0:
                await asyncio.sleep(left)
            await way.open.wait()
            if not data:
                writer.close()
                return
            way.carried += len(data)
            writer.write(data)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    try:
        while not delivery.done():
            data = await reader.read(PIECE_BYTES)
            await queue.put((way.arrival(len(data)), data))
            if not data:
                await delivery
    except (ConnectionError, OSError):
        writer.transport.abort()
    finally:
        delivery.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError, OSError):
            await delivery
        writer.close()


@contextlib.asynccontextmanager
async def slow_link(
    target: int, *, bytes_per_second: float = 0, delay: float = 0.0
) -> AsyncIterator[SlowLink]:
    link = SlowLink(target, bytes_per_second, delay)
    await link.open()
    try:
        yield link
    finally:
        await link.close()
