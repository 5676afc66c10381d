"""A browser's console in the bench: one WebSocket in an event loop, many in one process.

Answers every frame at once, as a browser that is quick does. What it takes apart is the
WebSocket; in the drawing it only looks for what it is told to look for.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from typing import cast

from accessportal.bench.processes import BenchProblem
from accessportal.bench.sink import header_of, last_sync

DRAWN = (b"3.img,", b"4.copy,", b"5.cfill,")


class Frames:
    """What was drawn and when, over any line that brings instructions."""

    def __init__(self) -> None:
        self.frames = 0
        self.received = 0
        self.last_at = 0.0
        self._drawn = False
        self._awaited: asyncio.Future[float] | None = None

    def look(self, text: bytes) -> bytes:
        """Note what came; the `sync` to answer, or nothing."""
        self.last_at = time.perf_counter()
        self.received += len(text)
        if self._awaited is not None and not self._drawn:
            self._drawn = any(word in text for word in DRAWN)
        sync = last_sync(text, 0, len(text))
        if sync:
            self.frames += 1
            if self._drawn and self._awaited is not None and not self._awaited.done():
                self._awaited.set_result(self.last_at)
        return sync

    def expect(self) -> asyncio.Future[float]:
        """From now on: when the first frame has come with something drawn in it."""
        self._drawn = False
        self._awaited = asyncio.get_running_loop().create_future()
        return self._awaited


class Console(asyncio.Protocol):
    """One tunnel. `frames` knows what was drawn; `closed` is done when the tunnel is."""

    def __init__(self) -> None:
        self.frames = Frames()
        self.code = 0
        self.closed: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._rest = b""

    @classmethod
    async def enter(cls, port: int, path: str, headers: dict[str, str]) -> Console:
        """Come in. Raises `BenchProblem` when refused."""
        loop = asyncio.get_running_loop()
        _transport, console = await loop.create_connection(cls, "127.0.0.1", port)
        console._upgrade(port, path, headers)
        async with asyncio.timeout(30):
            await console._open
        return console

    def send(self, text: str) -> None:
        """Send whole instructions."""
        self._frame(0x81, text.encode())

    async def picture(self, seconds: float = 30.0) -> None:
        """Wait for a whole frame."""
        deadline = time.monotonic() + seconds
        while not self.frames.frames:
            if time.monotonic() > deadline:
                raise BenchProblem(f"no picture within {seconds:g} s")
            await asyncio.sleep(0.005)

    def stop_reading(self) -> None:
        """Take nothing more of what comes."""
        if self._transport is not None:
            self._transport.pause_reading()

    @property
    def is_cut(self) -> bool:
        """Whether the line itself is gone, not only the tunnel that it carried."""
        return self._transport is None or self._transport.is_closing()

    def vanish(self) -> None:
        """The network is gone: no farewell."""
        if self._transport is not None:
            self._transport.abort()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self._open.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self._open.set_exception(
                    BenchProblem(f"the tunnel is refused: {head[:200]!r}")
                )
                return
            self._open.set_result(None)
        position = 0
        answer = b""
        while True:
            header = header_of(data, position)
            if header is None or header[1] > len(data):
                break
            start, position, opcode = header
            if opcode == 8:
                self.code = (
                    int.from_bytes(data[start : start + 2]) if start < position else 0
                )
                self._over()
            elif opcode == 9:
                self._frame(0x8A, data[start:position])
            elif opcode == 1:
                answer = self.frames.look(data[start:position]) or answer
        self._rest = data[position:]
        if answer:
            self._frame(0x81, answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._over()
        if not self._open.done():
            self._open.set_exception(BenchProblem("the tunnel was closed at once"))

    def _over(self) -> None:
        if not self.closed.done():
            self.closed.set_result(time.time())

    def _frame(self, first: int, payload: bytes) -> None:
        """Masked, as a client must, with a mask that changes nothing."""
        if self._transport is None or self._transport.is_closing():
            return
        length = len(payload)
        size = struct.pack("!B", 0x80 | length)
        if length > 125:
            size = struct.pack("!BH", 0x80 | 126, length)
        self._transport.write(bytes((first,)) + size + b"\0\0\0\0" + payload)

    def _upgrade(self, port: int, path: str, headers: dict[str, str]) -> None:
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: guacamole",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        if self._transport is not None:
            self._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
