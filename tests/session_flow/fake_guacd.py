"""A scripted guacd: the protocol as the real one speaks it, and its bad days on demand.

For the edges that a real one cannot be asked for: corrupt joins, silence, errors by
number, a child that dies without a word. What it does is what `guacd` 1.3.0 was measured
to do.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from sessions.guacamole.errors import CutOff
from sessions.guacamole.instruction import Instruction, decode_at, encode

ARGS = (
    "VERSION_1_3_0",
    "hostname",
    "port",
    "username",
    "password",
    "read-only",
    "width",
    "height",
)
PICTURE = (
    encode("size", 0, 1024, 768)
    + encode("img", 1, 14, 0, "image/png", 0, 0)
    + encode("blob", 1, "iVBORw0KGgo=")
    + encode("end", 1)
)


@dataclass(eq=False)
class FakeUser:
    """One user of a connection; the first is the owner."""

    writer: asyncio.StreamWriter
    connection: FakeConnection
    arguments: dict[str, str]
    heard: list[Instruction] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    def send(self, text: str) -> None:
        if not self.writer.is_closing():
            self.writer.write(text.encode())


CORRUPT = ("3.end,1.0;AAAAnotaninstruction;", "3.end,1.0;1.1,1.2;" + PICTURE)
"""A join's picture with the tail of a broadcast in it: one cannot be read, one can."""


@dataclass(eq=False)
class FakeConnection:
    id: str
    protocol: str
    users: list[FakeUser] = field(default_factory=list)
    heard: list[Instruction] = field(default_factory=list)
    joins: int = 0
    dead: bool = False
    silent: bool = False
    frame: int = 0

    def say(self, text: str) -> None:
        """To everybody, as the asset's own change."""
        for user in list(self.users):
            user.send(text)

    def next_frame(self, drawing: str = "") -> int:
        """The asset draws, and a frame ends."""
        self.frame += 1
        timestamp = 1_000_000 + self.frame * 25
        self.say((drawing or encode("rect", 0, 0, 0, 8, 8)) + encode("sync", timestamp))
        return timestamp


class FakeGuacd:
    """`async with FakeGuacd() as guacd:`; `guacd.address` is `host:port`."""

    def __init__(self) -> None:
        self.connections: dict[str, FakeConnection] = {}
        self.refuse_with: tuple[str, int] | None = None
        self.refuse_join = False
        self.answers_nothing = False
        self.hangs = False
        """Takes connections and says nothing at all, as when it is stopped."""
        self.silences = 0
        """So many connections are taken and never answered: children that hang."""
        self.turned_away = False
        """A machine refuses so soon that nobody is told why: only `disconnect` comes."""
        self.no_picture = False
        self.corrupt_joins = 0
        self.lingers = False
        """A connection outlives its last user, as when sockets are only closed."""
        self.selects: list[str] = []
        self.frame_every = 0.05
        self.on_owner: Callable[[FakeConnection], None] | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakeGuacd:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._spawn(self._tick())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        for connection in self.connections.values():
            for user in connection.users:
                user.writer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        assert self._server is not None
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def connection(self) -> FakeConnection:
        """The only connection there was."""
        (connection,) = self.connections.values()
        return connection

    def kill_child(self, connection: FakeConnection) -> None:
        """`kill -9` of the child: neither EOF nor a word, and joins are refused."""
        connection.dead = connection.silent = True

    # --- Inside --------------------------------------------------------------------------

    def _spawn(self, coroutine: object) -> None:
        task = asyncio.create_task(coroutine)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.frame_every)
            for connection in self.connections.values():
                if not connection.silent and connection.users:
                    connection.next_frame()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        instructions = _instructions(reader)
        try:
            await self._converse(instructions, writer)
        except (ConnectionError, StopAsyncIteration, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _converse(self, instructions, writer: asyncio.StreamWriter) -> None:  # type: ignore[no-untyped-def]
        select = (await anext(instructions)).args[0]
        self.selects.append(select)
        if self.hangs:
            await asyncio.sleep(3600)
        joining = select.startswith("$")
        connection = self.connections.get(select)
        if joining and (connection is None or connection.dead):
            return  # guacd's word for an id it does not know
        if self.answers_nothing or self.silences:
            self.silences = max(0, self.silences - 1)
            await asyncio.sleep(3600)
        writer.write(encode("args", *ARGS).encode())
        arguments: dict[str, str] = {}
        async for instruction in instructions:
            if instruction.opcode == "connect":
                arguments = dict(zip(ARGS, instruction.args, strict=True))
                break
        if connection is None:
            connection = FakeConnection("$" + str(uuid.uuid4()), select)
            self.connections[connection.id] = connection
        user = FakeUser(writer, connection, arguments)
        user.send(encode("ready", connection.id))
        if joining:
            connection.joins += 1
            if self.corrupt_joins:
                self.corrupt_joins -= 1
                user.send(CORRUPT[self.corrupt_joins % 2])
            else:
                user.send(PICTURE)
            connection.users.append(user)
        elif self.refuse_with is not None:
            connection.silent = True  # and guacd leaves the socket open
            connection.users.append(user)
            user.send(encode("error", self.refuse_with[0], self.refuse_with[1]))
        else:
            connection.users.append(user)
            if self.turned_away:
                user.send(encode("disconnect"))
                return
            user.send("" if self.no_picture else PICTURE)
            if self.on_owner is not None:
                self.on_owner(connection)
        await self._listen(user, instructions)

    async def _listen(self, user: FakeUser, instructions) -> None:  # type: ignore[no-untyped-def]
        connection = user.connection
        said_goodbye = False
        try:
            async for instruction in instructions:
                user.heard.append(instruction)
                connection.heard.append(instruction)
                if instruction.opcode == "sync":
                    user.answered.append(int(instruction.args[0]))
                if instruction.opcode == "disconnect":
                    said_goodbye = True
                    break
        finally:
            if user in connection.users:
                connection.users.remove(user)
            if not connection.users and not self.lingers:
                connection.dead = said_goodbye


async def _instructions(reader: asyncio.StreamReader):  # type: ignore[no-untyped-def]
    text = ""
    while True:
        data = await reader.read(65536)
        if not data:
            return
        text += data.decode()
        while text:
            try:
                instruction, end = decode_at(text, 0)
            except CutOff:
                break
            text = text[end:]
            yield instruction
