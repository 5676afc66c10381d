"""A whole portal in a process of its own, and real sockets to its tunnels."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from accessportal.demo.targets import Targets
from accessportal.launcher.ports import free_port
from sessions.guacamole.instruction import Instruction, decode_all, encode

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30.0


class NoMachines(Targets):
    """For stories told at the door: nobody connects to anything."""

    def __init__(self) -> None:
        pass

    def describe(self) -> list[dict[str, Any]]:
        return []


class Stage:
    """The portal of these tests; `stage.window("vera", "vnc")` runs an act inside it."""

    def __init__(
        self, process: subprocess.Popen[str], url: str, targets: Targets
    ) -> None:
        self.process = process
        self.url = url
        self.targets = targets

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *positional, **named: self.ask(name, *positional, **named)

    def ask(self, name: str, *positional: Any, **named: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([name, positional, named]) + "\n")
        self.process.stdin.flush()
        return self.heard()

    def heard(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "The portal of these tests has stopped."
        said = json.loads(line)
        assert "error" not in said, said["error"]
        return said["answer"]


@contextmanager
def staged_portal(
    place: Path, guacd: str, targets: Targets, *, port: int = 0, **settings: str
) -> Iterator[Stage]:
    """A portal with the cast in it, on the guacd at `guacd` and the demo's machines.

    `port`: where something else has to know it before; `settings`: variables of the portal.
    """
    port = port or free_port(0)
    with (place / "portal.log").open("w") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "tests.browser.stage",
                str(place / "data"), str(port), guacd, json.dumps(targets.describe()),
            ],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            env={
                **os.environ,
                "PORTAL_STATIC_MANIFEST": "0",
                "PORTAL_MAX_SESSIONS_PER_PERSON": "0",
                **settings,
            },
        )  # fmt: skip
        made = Stage(process, f"http://localhost:{port}", targets)
        try:
            try:
                assert made.heard() == "ready"
            except AssertionError:
                raise AssertionError(
                    (place / "portal.log").read_text()[-4000:]
                ) from None
            yield made
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class RealTunnel:
    """A browser's socket over TCP: it pings and answers `sync` as the console does."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[tuple[float, float]] = []
        """When a frame came (monotonic), and how old it was then, in seconds."""
        self.words: list[tuple[str, dict[str, Any]]] = []
        self.opcodes: set[str] = set()
        self.characters = 0
        self.close_code: int | None = None
        self.answers_sync = True
        self._tasks = [
            asyncio.create_task(self._read()),
            asyncio.create_task(self._ping()),
        ]

    async def _read(self) -> None:
        try:
            async for message in self.socket:
                assert isinstance(message, str)
                self.characters += len(message)
                for instruction in decode_all(message):
                    await self._hear(instruction)
        except ConnectionClosed:
            pass
        self.close_code = self.socket.close_code or 1006

    async def _hear(self, instruction: Instruction) -> None:
        opcode, args = instruction
        self.opcodes.add(opcode)
        if opcode == "portal":
            self.words.append((args[0], json.loads(args[1])))
        elif opcode == "sync":
            # guacd's timestamps are its machine's uptime, which is ours, too.
            now = time.monotonic()
            self.frames.append((now, now - int(args[0]) / 1000))
            if self.answers_sync:
                await self.send("sync", args[0])

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            await self.send("", "ping", round(time.time() * 1000))

    async def send(self, opcode: str, *args: str | int) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self.socket.send(encode(opcode, *args))

    async def until(self, met: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        async with asyncio.timeout(seconds):
            while not (result := met()):
                await asyncio.sleep(0.02)
            return result

    async def word(self, kind: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The last word of a kind."""
        found: dict[str, Any] = await self.until(
            lambda: next(
                (data for said, data in self.words[::-1] if said == kind), None
            ),
            seconds,
        )
        return found

    async def picture(self) -> None:
        await self.until(lambda: self.frames)

    def kill(self) -> None:
        """The browser dies: the operating system closes its socket, nobody says a word."""
        self.socket.transport.abort()
        self.stop()

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()


@contextlib.asynccontextmanager
async def real_tunnel(
    stage: Stage, session: str, who: str, cookie: str, *, port: int = 0, **options: Any
) -> AsyncIterator[RealTunnel]:
    """Into a session, with a ticket of its own; `port` may be that of a slow link."""
    tunnel = await enter(stage, session, who, cookie, port=port, **options)
    try:
        yield tunnel
    finally:
        tunnel.stop()
        tunnel.socket.transport.abort()


async def enter(
    stage: Stage, session: str, who: str, cookie: str, *, port: int = 0, **options: Any
) -> RealTunnel:
    ticket = await asyncio.to_thread(stage.ticket, session, who, cookie)
    return RealTunnel(await knock(stage, ticket, cookie, port=port, **options))


async def knock(
    stage: Stage, ticket: dict[str, str], cookie: str, *, port: int = 0, **options: Any
) -> ClientConnection:
    """Open the socket that a ticket is for; raises `InvalidStatus` where it is refused."""
    options.setdefault("origin", stage.url)
    return await connect(
        f"ws://127.0.0.1:{port or stage.port}{ticket['path']}?ticket={ticket['token']}",
        subprotocols=["guacamole"],  # type: ignore[list-item]
        additional_headers={"Cookie": f"portal_session={cookie}"},
        compression=None,
        max_size=None,
        ping_interval=None,
        **options,
    )
