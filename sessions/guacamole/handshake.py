"""Opening, joining and probing connections of guacd, over asyncio streams.

What guacd really answers, and when, was measured: `ready` means only that it made a
process, an unknown id is answered by closing, an unknown protocol by nothing, and the
first RDP connection of a fresh guacd takes more than 5 s.
"""

from __future__ import annotations

import asyncio
import codecs
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sessions.guacamole.arguments import (
    DEFAULT_SIZE,
    Size,
    answer,
    join_arguments,
)
from sessions.guacamole.errors import (
    ConnectionGone,
    CutOff,
    GuacdMisunderstood,
    GuacdRefused,
    GuacdSilent,
    GuacdUnreachable,
    ProtocolError,
)
from sessions.guacamole.instruction import Instruction, Limits, decode_at, encode
from sessions.guacamole.line import Line, connect
from sessions.guacamole.status import status_of_error

CONNECT_SECONDS = 5.0
HANDSHAKE_SECONDS = 10.0
HANDSHAKE_TRIES = 3
"""A child of guacd 1.3.0 may hang or be lost before it says `ready`, which is before it calls
the machine: another is asked for, so often in all (decision 136)."""

PROBE_SECONDS = 2.0
IMAGE_TYPES = ("image/png", "image/jpeg")

_HANDSHAKE_LIMITS = Limits(element=8192, instruction=65536, elements=512)


@dataclass(frozen=True, slots=True)
class GuacdAddress:
    """Where guacd listens; `tls` where the way to it crosses a network."""

    host: str = "127.0.0.1"
    port: int = 4822
    tls: ssl.SSLContext | None = None


class GuacdStream:
    """One user's connection to guacd after the handshake.

    `connection_id` (`$` and a UUID) is what others join by. `gate`, where there is one, is
    asked at the moment of every sending; while it is shut only answers to `sync` go out.
    """

    def __init__(
        self,
        line: Line,
        address: GuacdAddress,
    ) -> None:
        self.address = address
        self.connection_id = ""
        self.gate: Callable[[], bool] | None = None
        self._line = line
        self._unread = b""

    async def read(self) -> bytes:
        """What guacd sent next, any cut of it; `b""` when it closed.

        An end of the connection is no sign of an end of the session, nor is the
        lack of one: guacd keeps sockets open. Raises `OSError` when the line broke.
        """
        if self._unread:
            unread, self._unread = self._unread, b""
            return unread
        return await self._line.read()

    def send(self, text: str) -> None:
        """Send whole instructions, unless the gate is shut. Never blocks; see `drain`."""
        if self.gate is None or self.gate():
            self._line.write(text.encode())

    def acknowledge(self, timestamp: int) -> None:
        """Answer a `sync`: it touches nothing on the asset, so no gate keeps it in."""
        self._line.write(encode("sync", timestamp).encode())

    async def drain(self) -> None:
        """Wait until guacd takes what was sent. Raises `OSError`."""
        await self._line.drain()

    @property
    def unsent(self) -> int:
        """Bytes that guacd has not taken yet."""
        return self._line.unsent

    async def leave(self) -> None:
        """Say `disconnect` and close: guacd lets go of this user at once.

        Closing alone leaves guacd connected to the asset for many seconds.
        """
        await self.say_disconnect()
        await self.close()

    async def say_disconnect(self) -> None:
        """The first half of `leave`: the kernel has it on return, or a second is over."""
        with suppress(OSError, TimeoutError):
            self.send(encode("disconnect"))
            await asyncio.wait_for(self._line.drain(), 1.0)

    async def close(self) -> None:
        """Close the socket; never raises."""
        await self._line.close()

    async def _receive(self) -> Instruction:
        """One instruction of the handshake. Raises `EOFError` and `ProtocolError`."""
        while True:
            text, used = codecs.utf_8_decode(self._unread, "strict", False)
            try:
                instruction, end = decode_at(text, 0, _HANDSHAKE_LIMITS)
            except CutOff:
                data = await self._line.read()
                if not data:
                    raise EOFError from None
                self._unread += data
                continue
            self._unread = text[end:].encode() + self._unread[used:]
            return instruction


async def open_connection(
    address: GuacdAddress,
    protocol: str,
    arguments: Mapping[str, str],
    size: Size = DEFAULT_SIZE,
    *,
    timezone: str = "",
    timeout: float = HANDSHAKE_SECONDS,
) -> GuacdStream:
    """Have guacd connect to an asset; we are the owner of the connection.

    Success means only that guacd began: the connection is up when the first `sync`
    arrives, and a refusal by the asset arrives as an `error` in the stream (made into
    a sentence by `status_of_error`). `timezone` is an IANA name, told to terminals.
    Raises `GuacdError`.
    """
    return await _shake_hands(
        address, protocol, protocol, arguments, size, timezone=timezone, timeout=timeout
    )


async def join_connection(
    address: GuacdAddress,
    connection_id: str,
    *,
    control: bool = False,
    timeout: float = HANDSHAKE_SECONDS,
) -> GuacdStream:
    """Join a connection: to look, or with `control` to release what a dead broker held.

    Never before the owner's first `sync`: an earlier join can kill the connection
    to the asset. Raises `ConnectionGone`, or another `GuacdError`.
    """
    return await _shake_hands(
        address,
        connection_id,
        "",
        join_arguments(control=control),
        DEFAULT_SIZE,
        timezone="",
        timeout=timeout,
    )


async def probe_gone(
    address: GuacdAddress, connection_id: str, *, timeout: float = PROBE_SECONDS
) -> bool | None:
    """Whether guacd has let go of a connection: True, False, or None for unproven.

    guacd closes plainly, without a word, when asked for an id it does not know;
    that it answers `args` proves the connection alive. A connection refused, reset
    or timed out proves nothing.
    """
    try:
        stream = await _connect(address, timeout)
    except GuacdUnreachable:
        return None
    try:
        stream.send(encode("select", connection_id))
        instruction = await asyncio.wait_for(stream._receive(), timeout)
    except EOFError:
        return None if stream._unread else True
    except (OSError, TimeoutError, ProtocolError, UnicodeDecodeError):
        return None
    finally:
        await stream.close()
    return False if instruction.opcode == "args" else None


async def _connect(address: GuacdAddress, timeout: float) -> GuacdStream:
    try:
        line = await asyncio.wait_for(
            connect(address.host, address.port, address.tls), timeout
        )
    except (OSError, TimeoutError) as error:
        raise GuacdUnreachable(type(error).__name__) from error
    return GuacdStream(line, address)


async def _shake_hands(
    address: GuacdAddress,
    select: str,
    protocol: str,
    arguments: Mapping[str, str],
    size: Size,
    *,
    timezone: str,
    timeout: float,
) -> GuacdStream:
    stream = await _connect(address, min(timeout, CONNECT_SECONDS))
    try:
        async with asyncio.timeout(timeout):
            await _converse(stream, select, protocol, arguments, size, timezone)
    except TimeoutError:
        await stream.close()
        raise GuacdSilent(f"nothing in {timeout:g} s") from None
    except (ProtocolError, UnicodeDecodeError) as error:
        await stream.close()
        raise GuacdMisunderstood(str(error)) from error
    except OSError as error:
        await stream.close()
        raise GuacdSilent(type(error).__name__) from error
    except BaseException:
        await stream.close()
        raise
    return stream


async def _converse(
    stream: GuacdStream,
    select: str,
    protocol: str,
    arguments: Mapping[str, str],
    size: Size,
    timezone: str,
) -> None:
    """select, args, the client's abilities, connect, ready."""
    stream.send(encode("select", select))
    try:
        asked = await stream._receive()
    except EOFError:
        # guacd's word for an id it does not know; for a protocol it would wait.
        raise (GuacdSilent("closed") if protocol else ConnectionGone()) from None
    _expect("args", asked, protocol)

    stream.send(
        encode("size", size.width, size.height, size.dpi)
        + encode("audio")
        + encode("video")
        + encode("image", *IMAGE_TYPES)
        + (encode("timezone", timezone) if timezone else "")
        + encode("connect", *answer(asked.args, arguments))
    )
    try:
        ready = await stream._receive()
    except EOFError:
        raise (GuacdSilent("closed") if protocol else ConnectionGone()) from None
    _expect("ready", ready, protocol)
    if len(ready.args) != 1 or not ready.args[0]:
        raise ProtocolError("ready without an id")
    stream.connection_id = ready.args[0]


def _expect(opcode: str, instruction: Instruction, protocol: str) -> None:
    if instruction.opcode == "error":
        raise GuacdRefused(status_of_error(instruction, protocol))
    if instruction.opcode != opcode:
        raise ProtocolError(f"{opcode} expected")
