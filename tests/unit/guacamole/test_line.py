"""The connection to guacd holds back what nobody reads, and loses nothing."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from sessions.guacamole.line import PAUSE_BYTES, Line, connect

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def line_to(serve: Serve) -> AsyncIterator[Line]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line = await connect("127.0.0.1", server.sockets[0].getsockname()[1], None)
    try:
        yield line
    finally:
        await line.close()
        server.close()


async def test_everything_arrives_in_order_though_reading_starts_late() -> None:
    sent = bytes(range(256)) * 16384  # 4 MiB
    written = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        written.set()
        writer.close()

    async with line_to(serve) as line:
        await asyncio.sleep(0.1)
        assert line._unread <= 2 * PAUSE_BYTES  # The rest waits in the kernel.
        received = b""
        while data := await line.read():
            received += data
        assert received == sent
        assert await line.read() == b""


async def test_what_is_written_arrives_before_the_close() -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.read())
        writer.close()

    async with line_to(serve) as line:
        line.write(b"10.disconnect;")
        await line.drain()
        await line.close()
        assert await asyncio.wait_for(heard, 2) == b"10.disconnect;"
        line.write(b"nobody hears this")


async def test_a_line_that_breaks_says_so() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broken = writer.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)
        broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    async with line_to(serve) as line:
        with pytest.raises(OSError, match="reset"):
            await line.read()


async def test_a_reader_that_is_cancelled_loses_nothing() -> None:
    go = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        writer.write(b"after all")
        await writer.drain()

    async with line_to(serve) as line:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.read(), 0.05)
        go.set()
        assert await line.read() == b"after all"
