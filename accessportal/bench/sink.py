"""A browser's part in the bench: takes a stream from a WebSocket and answers its frames.

Plain sockets, no library: it must never be what limits a relay. It does not look at the
drawing, only at the newest `sync` of what it has read, and answers that one.
"""

from __future__ import annotations

import base64
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from accessportal.bench.processes import BenchProblem

READ = 1024 * 1024
ANSWER_SECONDS = 0.01
"""A browser answers when it has drawn, so no more often than a screen is refreshed."""

SILENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Taken:
    """What came between the end of the warm-up and the end: payload bytes, seconds, and
    what `sample` gave at both ends."""

    payload: int
    seconds: float
    before: float
    after: float


class Sink:
    """One WebSocket client."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._socket = socket.create_connection(
            ("127.0.0.1", port), timeout=SILENCE_SECONDS
        )
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self._newest = b""
        self._answered_at = 0.0
        self._upgrade(port, path, headers)

    def take(
        self, warm_up: float, seconds: float, sample: Callable[[], float]
    ) -> Taken:
        """Take the stream for `seconds` after `warm_up` seconds of it."""
        begin = time.monotonic() + warm_up
        begun_at = before = 0.0
        payload = 0
        while True:
            now = time.monotonic()
            if not begun_at and now >= begin:
                begun_at, before, payload = now, sample(), 0
            if begun_at and now >= begun_at + seconds:
                return Taken(payload, now - begun_at, before, sample())
            payload += self._read()

    def close(self) -> None:
        """Go without a word, as browsers do."""
        self._socket.close()

    def _read(self) -> int:
        """Read once; the payload bytes of the frames that are whole now."""
        self._answer()
        data = self._receive()
        if not data:
            raise BenchProblem("the relay closed the connection")
        data = self._rest + data if self._rest else data
        position = payload = 0
        newest = b""
        while True:
            header = header_of(data, position)
            if header is None or header[1] > len(data):
                break
            start, end, opcode = header
            if opcode == 8:
                raise BenchProblem(
                    f"the relay closed the connection: {data[start:end]!r}"
                )
            if opcode in (0, 1, 2):
                payload += end - start
                newest = last_sync(data, start, end) or newest
            position = end
        self._rest = data[position:]
        self._newest = newest or self._newest
        return payload

    def _receive(self) -> bytes:
        """What comes next, with a pending answer sent when its time comes."""
        waited = ANSWER_SECONDS if self._newest else SILENCE_SECONDS
        while not select.select([self._socket], [], [], waited)[0]:
            if not self._newest:
                raise BenchProblem("the relay sent nothing for a while")
            self._answer()
            waited = ANSWER_SECONDS if self._newest else SILENCE_SECONDS
        return self._socket.recv(READ)

    def _answer(self) -> None:
        """Answer the newest frame, unless the last answer was only just."""
        now = time.monotonic()
        if self._newest and now - self._answered_at >= ANSWER_SECONDS:
            self._send(self._newest)
            self._newest, self._answered_at = b"", now

    def _send(self, text: bytes) -> None:
        """One text frame; masked, as a client must, with a mask that changes nothing."""
        self._socket.sendall(struct.pack("!BB4x", 0x81, 0x80 | len(text)) + text)

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
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self._socket.recv(READ)
            if not piece:
                break
            data += piece
        answer, _, self._rest = data.partition(b"\r\n\r\n")
        if b" 101 " not in answer.partition(b"\r\n")[0]:
            raise BenchProblem(f"the relay refused the WebSocket: {answer[:200]!r}")


def last_sync(data: bytes, start: int, end: int) -> bytes:
    """The last `sync` of a message; empty without one (the byte pump may cut one)."""
    found = data.rfind(b"4.sync,", start, end)
    stop = data.find(b";", found, end) if found >= 0 else -1
    return data[found : stop + 1] if stop >= 0 else b""


def header_of(data: bytes, position: int) -> tuple[int, int, int] | None:
    """Where the payload of the frame at `position` begins and ends, and its opcode."""
    if len(data) < position + 2:
        return None
    opcode = data[position] & 0x0F
    length = data[position + 1] & 0x7F
    start = position + 2
    if length == 126:
        if len(data) < start + 2:
            return None
        length = int.from_bytes(data[start : start + 2])
        start += 2
    elif length == 127:
        if len(data) < start + 8:
            return None
        length = int.from_bytes(data[start : start + 8])
        start += 8
    return start, start + length, opcode
