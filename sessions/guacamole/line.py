"""The TCP connection to guacd, with as few copies of what comes as can be.

asyncio's own StreamReader copies everything twice more on its way; on the hot path of the
relay that is most of what reading costs.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

PAUSE_BYTES = 256 * 1024
"""With so much unread the kernel, and then guacd, has to wait."""


class Line(asyncio.Protocol):
    """One connection: `read` what came, `write`, `drain`, `close`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._chunks: list[bytes] = []
        self._unread = 0
        self._paused = False
        self._at_end = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = asyncio.Event()

    async def read(self) -> bytes:
        """All that came since; waits for some. `b""` at the end.

        For one reader at a time. Raises `OSError` when the line broke.
        """
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self._at_end:
                return b""
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._unread = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def write(self, data: bytes) -> None:
        """Send; never blocks, and is nothing to a line that is gone."""
        if self._transport is not None and not self._lost.is_set():
            self._transport.write(data)

    @property
    def unsent(self) -> int:
        """Bytes written that the other side has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport else 0

    async def drain(self) -> None:
        """Wait until the other side takes what was written. Raises `OSError`."""
        await self._writable.wait()
        if self._error is not None:
            raise self._error

    async def close(self, timeout: float = 1.0) -> None:
        """Send what is written, then close; after `timeout`, cut. Never raises."""
        if self._transport is None:
            return
        self._transport.close()
        try:
            await asyncio.wait_for(self._lost.wait(), timeout)
        except TimeoutError:
            self._transport.abort()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        # What is written goes to the kernel within the call: a process that is stopped and
        # wakes has nothing left in its own buffer that would go out unasked.
        self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._unread += len(data)
        if (
            self._unread > PAUSE_BYTES
            and not self._paused
            and self._transport is not None
        ):
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._at_end = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._at_end = True
        self._error = exc
        self._lost.set()
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


async def connect(host: str, port: int, tls: ssl.SSLContext | None) -> Line:
    """A line to that address. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    _transport, line = await loop.create_connection(Line, host, port, ssl=tls)
    return line
