"""A guacd that does as a test tells it, on a free port of loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sessions.guacamole.handshake import GuacdAddress
from sessions.guacamole.instruction import Instruction, decode, encode

READY = encode("ready", "$11111111-2222-3333-4444-555555555555")


class Talk:
    """One connection to the scripted guacd, and all it was told."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.heard: list[Instruction] = []

    async def hear(self, opcode: str) -> Instruction:
        """Read up to and with the next instruction of that opcode."""
        while True:
            text = (await self._reader.readuntil(b";")).decode()
            self.heard.append(decode(text))
            if self.heard[-1].opcode == opcode:
                return self.heard[-1]

    async def say(self, text: str) -> None:
        self._writer.write(text.encode())
        await self._writer.drain()

    async def accept(self, *names: str, then: str = "") -> None:
        """The handshake of guacd 1.3.0, asking for `names`; `then` comes with `ready`."""
        await self.hear("select")
        await self.say(encode("args", "VERSION_1_3_0", *names))
        await self.hear("connect")
        await self.say(READY + then)

    async def closed(self) -> None:
        """Wait until the other side closes."""
        while await self._reader.read(1000):
            pass


Script = Callable[[Talk], Awaitable[None]]


@asynccontextmanager
async def scripted_guacd(
    script: Script,
) -> AsyncIterator[tuple[GuacdAddress, list[Talk]]]:
    """Its address, and the talks it has had; a script's end closes its connection."""
    talks: list[Talk] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = Talk(reader, writer)
        talks.append(talk)
        try:
            await script(talk)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield GuacdAddress("127.0.0.1", port), talks
    finally:
        server.close()
