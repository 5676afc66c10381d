"""Real streams of a real guacd, captured once and kept in the data directory.

`image`: the operator screen of the demo's filling line over VNC, which never stands still
(many small PNG). `video`: a screen with a camera picture that pans over half of it (mostly
large JPEG). `terminal`: a telnet console on which somebody types and logs scroll by. A
captured stream is what guacd sent the owner of the connection after `ready`, byte for byte.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from accessportal.bench.processes import BenchProblem
from accessportal.demo.targets.display import (
    Display,
    _python_with_tk,
    show_screen,
    start_display,
)
from accessportal.demo.targets.process import Child, Nursery
from accessportal.demo.targets.secret_store import (
    VNC_PASSWORD_LENGTH,
    make_password,
    vnc_password_file,
    write_private,
)
from accessportal.launcher import ports
from sessions.guacamole.arguments import (
    EndpointFacts,
    SignIn,
    Size,
    connection_arguments,
)
from sessions.guacamole.errors import GuacdError
from sessions.guacamole.handshake import GuacdAddress, open_connection
from sessions.guacamole.instruction import encode
from sessions.guacamole.opcodes import Permissions
from sessions.guacamole.reader import InstructionReader

SECONDS = 12.0
SIZE = Size(1280, 800)
STREAMS = ("image", "video", "terminal")


def captured(directory: Path, guacd: GuacdAddress) -> dict[str, Path]:
    """The captured streams by name; captures those that are not there yet."""
    directory.mkdir(parents=True, exist_ok=True)
    streams = {name: directory / f"{name}.guac" for name in STREAMS}
    for name, path in streams.items():
        if not path.exists():
            data = asyncio.run(_capture(name, directory, guacd))
            partial = path.with_suffix(".part")
            partial.write_bytes(data)
            partial.rename(path)
    return streams


async def _capture(name: str, directory: Path, guacd: GuacdAddress) -> bytes:
    if name == "terminal":
        async with _console() as port:
            facts = EndpointFacts(protocol="telnet", host="127.0.0.1", port=port)
            return await _read(guacd, facts, SignIn())
    show = _show_hmi if name == "image" else _show_camera
    with _screen(directory, show) as (port, password):
        facts = EndpointFacts(protocol="vnc", host="127.0.0.1", port=port)
        return await _read(guacd, facts, SignIn(password=password))


async def _read(guacd: GuacdAddress, facts: EndpointFacts, sign_in: SignIn) -> bytes:
    """What guacd sends the owner for `SECONDS`, answering every frame at once."""
    arguments = connection_arguments(facts, sign_in, Permissions(control=True), SIZE)
    try:
        stream = await open_connection(guacd, facts.protocol, arguments, SIZE)
    except GuacdError as error:
        raise BenchProblem(f"nothing to capture: {error}") from error
    reader = InstructionReader()
    received: list[str] = []
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        batch = reader.feed(await asyncio.wait_for(stream.read(), 5))
        received.append(batch.text)
        for _end, timestamp in batch.syncs:
            stream.send(encode("sync", timestamp))
        for mark in batch.marks:
            if mark.opcode == "error":
                raise BenchProblem(f"nothing to capture: {batch.instruction(mark)}")
    await stream.leave()
    return "".join(received).encode()


Show = Callable[[Nursery, Display, Path], Child]


def _show_hmi(nursery: Nursery, display: Display, directory: Path) -> Child:
    child, _state = show_screen(
        nursery, "bench", "filling", display, directory, clock_offset=0.0
    )
    return child


def _show_camera(nursery: Nursery, display: Display, directory: Path) -> Child:
    child = nursery.spawn(
        "bench",
        [_python_with_tk("bench"), str(Path(__file__).with_name("moving_screen.py"))],
        log=directory / "screen.log",
        directory=directory,
        environment=display.environment,
    )
    time.sleep(4)  # It computes its picture first.
    return child


@contextmanager
def _screen(directory: Path, show: Show) -> Iterator[tuple[int, str]]:
    """A VNC server on loopback whose picture moves: its port and password."""
    name = "bench"
    nursery = Nursery()
    children = []
    try:
        password = make_password(VNC_PASSWORD_LENGTH)
        password_file = directory / "vnc-password"
        write_private(password_file, vnc_password_file(password))
        port = ports.free_port()
        display = start_display(
            nursery, name, directory, rfb_port=port, password_file=password_file
        )
        children.append(display.server)
        children.append(show(nursery, display, directory))
        yield port, password
    finally:
        nursery.end(children)
        nursery.close()


@asynccontextmanager
async def _console() -> AsyncIterator[int]:
    """A telnet console on loopback where somebody works without a pause: its port.

    A command appears letter by letter, a screenful of coloured log scrolls by, again.
    """

    async def work(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = 0
        try:
            while True:
                for letter in f"show log valve {line % 512}\r\n":
                    writer.write(letter.encode())
                    await asyncio.sleep(0.04)
                for _row in range(24):
                    line += 1
                    writer.write(_log_line(line))
                writer.write(b"OB1> ")
                await writer.drain()
                await asyncio.sleep(0.1)
        except (OSError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(work, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


def _log_line(line: int) -> bytes:
    state = ("opened", "closed", "FAULT ", "reset ")[line % 4]
    text = (
        f"{line:06} \x1b[{31 + line % 7}mOB1.NW{line % 64}\x1b[0m "
        f"valve V{line * 37 % 512:03} {state} pressure {line * 7919 % 4000:4} mbar\r\n"
    )
    return text.encode()
