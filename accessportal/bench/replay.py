"""A scripted guacd: serves a captured stream again and again, at full speed.

    python -m accessportal.bench.replay --port PORT --stream FILE

It shakes hands as guacd 1.3.0 does, numbers the frames on so that time never goes back,
and, as guacd paces itself by `sync`, goes no further than `WINDOW` bytes beyond the last
frame that was answered. Whoever joins gets a full picture and the first `sync` that the
owner gets from then on, as from the real one; meanwhile the owner's stream waits.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import deque
from pathlib import Path
from uuid import uuid4

import uvloop

from sessions.guacamole.errors import CutOff
from sessions.guacamole.instruction import Instruction, decode_at, encode
from sessions.guacamole.reader import InstructionReader

WINDOW = 3 * 1024 * 1024
WRITE = 128 * 1024
FRAME_MS = 25
JOIN_SECONDS = 1.0

ARGS = encode(
    "args", "VERSION_1_3_0", "hostname", "port", "read-only", "username", "password",
    "disable-copy", "disable-paste",
)  # fmt: skip


class Recorded:
    """A captured stream, cut into the picture and the frames that follow it."""

    def __init__(self, data: bytes) -> None:
        batch = InstructionReader().feed(data)
        frames = []
        begin = 0
        for end, _timestamp in batch.syncs:
            sync = batch.text.rindex("4.sync,", begin, end)
            frames.append(batch.text[begin:sync].encode())
            begin = end
        self.picture = frames[0]
        self.frames = frames[1:]


class Connection:
    """One connection to "the asset": its owner's stream, and who joins."""

    def __init__(self, recorded: Recorded, rate: float) -> None:
        self.id = f"${uuid4()}"
        self.recorded = recorded
        self.rate = rate
        self.clock = 1_000_000
        self.sent = 0
        self.answered = 0
        self.unanswered: deque[tuple[int, int]] = deque()
        self.wake = asyncio.Event()
        self.joining = 0

    def answer(self, timestamp: int) -> None:
        """The owner has drawn the frame of `timestamp`."""
        while self.unanswered and self.unanswered[0][0] <= timestamp:
            self.answered = self.unanswered.popleft()[1]
        self.wake.set()

    def frame(self, content: bytes) -> bytes:
        """One frame with the next `sync`, counted as sent."""
        self.clock += FRAME_MS
        framed = content + encode("sync", self.clock).encode()
        self.sent += len(framed)
        self.unanswered.append((self.clock, self.sent))
        return framed

    async def stream(self, writer: asyncio.StreamWriter) -> None:
        """Send the owner everything, for ever."""
        pieces = [self.frame(self.recorded.picture)]
        size = len(pieces[0])
        began = time.monotonic()
        while True:
            for content in self.recorded.frames:
                pieces.append(self.frame(content))
                size += len(pieces[-1])
                if size < WRITE:
                    continue
                writer.write(b"".join(pieces))
                await writer.drain()
                await self._keep_to_rate(began)
                pieces, size = [], 0
                while self.joining or self.sent - self.answered > WINDOW:
                    self.wake.clear()
                    await self.wake.wait()

    async def _keep_to_rate(self, began: float) -> None:
        if self.rate:
            early = began + self.sent / self.rate - time.monotonic()
            await asyncio.sleep(max(0.0, early))

    async def serve_join(self, line: Line) -> None:
        """A picture and the owner's next frame time; then nothing but waiting."""
        self.joining += 1
        try:
            line.writer.write(
                self.recorded.picture + encode("sync", self.clock + FRAME_MS).encode()
            )
            await asyncio.wait_for(line.until("disconnect"), JOIN_SECONDS)
        except (TimeoutError, EOFError):
            return
        finally:
            self.joining -= 1
            self.wake.set()


class Line:
    """Reads what a client sends, instruction by instruction."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.text = ""

    async def next(self) -> Instruction:
        """The next instruction. Raises `EOFError`."""
        while True:
            try:
                instruction, end = decode_at(self.text, 0)
            except CutOff:
                data = await self.reader.read(65536)
                if not data:
                    raise EOFError from None
                self.text += data.decode()
                continue
            self.text = self.text[end:]
            return instruction

    async def until(self, opcode: str) -> Instruction:
        """Skip to the next instruction of this opcode."""
        while (instruction := await self.next()).opcode != opcode:
            pass
        return instruction


class Replay:
    """All connections of the scripted guacd."""

    def __init__(self, recorded: Recorded, rate: float) -> None:
        self.recorded = recorded
        self.rate = rate
        self.connections: dict[str, Connection] = {}

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One client, as guacd would."""
        line = Line(reader, writer)
        try:
            await self._talk(line)
        except (EOFError, OSError):
            pass
        finally:
            writer.close()

    async def _talk(self, line: Line) -> None:
        selected = (await line.until("select")).args[0]
        joined = self.connections.get(selected)
        if selected.startswith("$") and joined is None:
            return
        line.writer.write(ARGS.encode())
        await line.until("connect")
        connection = joined or Connection(self.recorded, self.rate)
        line.writer.write(encode("ready", connection.id).encode())
        if joined is not None:
            await joined.serve_join(line)
            return
        self.connections[connection.id] = connection
        streaming = asyncio.create_task(connection.stream(line.writer))
        try:
            while (instruction := await line.next()).opcode != "disconnect":
                if instruction.opcode == "sync":
                    connection.answer(int(instruction.args[0]))
        finally:
            del self.connections[connection.id]
            streaming.cancel()


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stream", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=0.0, help="MB/s; 0: full speed")
    options = parser.parse_args()
    replay = Replay(Recorded(options.stream.read_bytes()), options.rate * 1e6)
    server = await asyncio.start_server(replay.serve, "127.0.0.1", options.port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
