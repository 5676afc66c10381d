"""Works on a demo machine through guacd and keeps what was seen and done, with its times.

The same protocol code as in a live session does it; what it brings is written down later,
by the product's recorder, as the recording of a past day.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from accessportal.demo.hands import Gesture, Move, gestures
from sessions.broker.frames import after, filtered, part, syncs_of
from sessions.broker.proof import AssetLine, gather_proof
from sessions.guacamole.arguments import (
    DEFAULT_SIZE,
    EndpointFacts,
    SignIn,
    connection_arguments,
)
from sessions.guacamole.errors import GuacdError
from sessions.guacamole.handshake import GuacdAddress, GuacdStream, open_connection
from sessions.guacamole.instruction import encode
from sessions.guacamole.opcodes import OBSERVER, Permissions
from sessions.guacamole.reader import Batch, InstructionReader, Sync
from sessions.guacamole.streamfilter import DownstreamFilter

FIRST_PICTURE_SECONDS = 20.0
TAIL_SECONDS = 2.0
PROOF_SECONDS = 30.0


# guacd's first `sync` comes before the screen's first pixels: a size and a cursor are no
# picture yet. An image on a visible layer is one, and so is a terminal's filled ground.
SYNC = re.compile(r"4\.sync,[0-9.,]+;")
DRAWN = re.compile(r"3\.img,\d+\.\d+,2\.14,1\.\d,|5\.cfill,")


class CaptureFailed(RuntimeError):
    """The machine could not be worked on; the message says which and why."""


@dataclass(frozen=True)
class Seen:
    """Whole instructions that came, `at` seconds after the first picture."""

    at: float
    text: str
    syncs: list[Sync]


@dataclass(frozen=True)
class Done:
    """One input, `at` seconds after the first picture."""

    at: float
    kind: str
    values: tuple[int, ...]


@dataclass
class Capture:
    """A session as it came over the wire."""

    connection_id: str = ""
    picture: str = ""
    first_sync: int = 0
    events: list[Seen | Done] = field(default_factory=list)
    seconds: float = 0.0
    proof: dict[str, Any] = field(default_factory=dict)


async def capture(
    address: GuacdAddress,
    target: dict[str, Any],
    script: list[Move],
    *,
    zone: str,
) -> Capture:
    """Connect to the machine of `target`, do the script, disconnect. Raises `CaptureFailed`."""
    arguments = connection_arguments(
        EndpointFacts(
            protocol=target["protocol"],
            host=target["host"],
            port=target["port"],
            ignore_certificate=True,
            host_key=target["host_key"],
        ),
        SignIn(
            username=target["username"],
            password=target["password"],
            private_key=target["private_key"],
        ),
        Permissions(control=True),
        DEFAULT_SIZE,
    )
    try:
        stream = await open_connection(
            address, target["protocol"], arguments, DEFAULT_SIZE, timezone=zone
        )
    except GuacdError as error:
        raise CaptureFailed(f"{target['asset']}: {error}") from error
    camera = _Camera(stream)
    watching = asyncio.create_task(camera.watch())
    try:
        async with asyncio.timeout(FIRST_PICTURE_SECONDS):
            await camera.begun()
        await camera.work(script)
        await asyncio.sleep(TAIL_SECONDS)
    except (TimeoutError, OSError) as error:
        raise CaptureFailed(f"{target['asset']}: no picture came") from error
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError, CaptureFailed, OSError):
            await watching
        camera.taken.seconds = camera.now
        await stream.leave()
    camera.taken.proof = await _proof(stream, target)
    return camera.taken


async def _proof(stream: GuacdStream, target: dict[str, Any]) -> dict[str, Any]:
    """That guacd has let go of the machine, asked until it has."""
    asset = AssetLine(target["host"], target["port"], here=True, seen=True)
    deadline = asyncio.get_running_loop().time() + PROOF_SECONDS
    while True:
        proven, proof = await gather_proof(
            stream.address, stream.connection_id, asset, others=0
        )
        if proven or asyncio.get_running_loop().time() > deadline:
            return proof
        await asyncio.sleep(0.1)


class _Camera:
    """Reads the stream, answers its `sync`, and works; one clock for both."""

    def __init__(self, stream: GuacdStream) -> None:
        self.taken = Capture(connection_id=stream.connection_id)
        self._stream = stream
        self._filter = DownstreamFilter(OBSERVER)
        self._before: list[str] = []
        self._clock = asyncio.get_running_loop().time
        self._began: float | None = None
        self._first = asyncio.Event()
        self._problem: CaptureFailed | None = None

    @property
    def now(self) -> float:
        return 0.0 if self._began is None else self._clock() - self._began

    async def begun(self) -> None:
        """Wait for the first picture. Raises `CaptureFailed` when the machine refuses."""
        await self._first.wait()
        if self._problem is not None:
            raise self._problem

    async def watch(self) -> None:
        """Take everything that comes, until cancelled or refused."""
        reader = InstructionReader()
        while data := await self._stream.read():
            batch = reader.feed(data)
            for mark in batch.marks:
                if mark.opcode in ("error", "disconnect"):
                    self._problem = CaptureFailed(
                        " ".join(batch.instruction(mark).args)
                    )
                    self._first.set()
                    return
            for _end, timestamp in syncs_of(batch):
                self._stream.send(encode("sync", timestamp))
            self._take(batch)

    def _take(self, batch: Batch) -> None:
        syncs = syncs_of(batch)
        if self._began is None:
            batch, syncs = self._open(batch, syncs)
        if self._began is not None and batch:
            text, kept = filtered(self._filter, batch, syncs)
            self.taken.events.append(Seen(self.now, text, kept))

    def _open(self, batch: Batch, syncs: list[Sync]) -> tuple[Batch, list[Sync]]:
        """Collect the first picture; returns what comes after it."""
        start = 0
        for end, timestamp in syncs:
            self._before.append(self._filter.apply(part(batch, start, end)))
            start = end
            opening = "".join(self._before)
            if DRAWN.search(opening):
                # One picture, one frame: the earlier ones are part of it.
                self.taken.picture = SYNC.sub("", opening) + encode("sync", timestamp)
                self.taken.first_sync = timestamp
                self._began = self._clock()
                self._first.set()
                rest = after(batch, end)
                return rest, syncs_of(rest)
        self._before.append(self._filter.apply(after(batch, start)))
        return batch, syncs

    async def work(self, script: list[Move]) -> None:
        """Do the script, writing down each input as it goes out."""
        for step in gestures(script):
            if isinstance(step, Gesture):
                self._stream.send(encode(step.opcode, *step.values))
                await self._stream.drain()
                self.taken.events.append(Done(self.now, step.opcode, step.values))
                await asyncio.sleep(step.rest)
            else:
                await asyncio.sleep(step.seconds)
            if self._problem is not None:
                raise self._problem
