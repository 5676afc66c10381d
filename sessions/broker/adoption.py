"""An actor that takes over a living session from a broker that died, hung or goes.

It goes on with the anchor's connection. What the other held down is released first; then
the recording goes on in a new segment, which begins with a picture of its own, and from
there everything is as in any session. The contractor's browser comes by itself.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from sessions.broker.anchor import Anchor
from sessions.broker.frames import after
from sessions.broker.hands import release_values
from sessions.broker.held_at_crash import Lost, held_when_lost
from sessions.broker.pictures import Pictures
from sessions.broker.pressed import releases_of
from sessions.broker.proof import AssetLine
from sessions.broker.viewer import Picture
from sessions.guacamole.errors import ProtocolError
from sessions.guacamole.handshake import GuacdStream
from sessions.guacamole.instruction import Instruction
from sessions.guacamole.reader import Batch, InstructionReader
from sessions.recorder.writer import InputRecord, RecordingWriter
from sessions.services import adoption as fleet_service
from sessions.services import recording as recordings

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

logger = logging.getLogger(__name__)

PICTURE_TRIES = 5
MOST_KEPT = 16 * 1024 * 1024
"""Characters of the stream that are kept while a picture is taken."""


async def take_up(actor: SessionActor, anchor: Anchor) -> InstructionReader:
    """From the anchor's connection to an active session; then the reader is the actor's.

    Raises what a start raises: `RecordingFailed`, `ProtocolError`, `OSError`.
    """
    stream = actor.stream = await anchor.give()
    stream.gate = actor.lease.held
    actor.pictures = Pictures(stream.address, actor.row.guacd_connection_id)
    actor.asset = AssetLine.of(actor.row)
    held = actor.row.held_input
    released = release_held(actor, held)
    lost = await actor.db(held_when_lost, actor.row)
    released += release_held(actor, [row for row in lost.rows if row not in held])
    await go_on_recording(actor, anchor.given_because)
    await note_released(actor, lost, released)
    splice = Splice(actor.pictures)
    splice.ask()
    while (found := splice.found()) is None:
        data = await splice.read(stream)
        if actor.ending:
            return anchor.reader
        if data is not None:
            batch = anchor.reader.feed(data)
            actor.heard_at = asyncio.get_running_loop().time()
            actor.decide_on(batch)
            actor.pace.frames(batch.syncs, wait=False)
            splice.keep(batch)
    picture, rest = found
    assert actor.writer is not None
    await actor.writer.start(picture.text, picture.timestamp)
    actor.opening.begin_with(picture)
    await actor.activate()
    for batch in rest:
        actor.show(batch)
    return anchor.reader


async def go_on_recording(actor: SessionActor, gap_reason: str) -> None:
    """The same recording, new segments, the gap stated."""
    order = await actor.db(
        recordings.continue_recording,
        brokered_session=actor.row,
        gap_reason=gap_reason,
    )
    actor.recording = RecordingWriter(order, on_failure=actor.recording_failed)
    await actor.recording.open()
    actor.writer = actor.recording


def release_held(actor: SessionActor, held: list[list[Any]]) -> list[Instruction]:
    """At once, before anything is waited for: what the other broker's people held down."""
    assert actor.stream is not None
    releases = releases_of(held, drag_off=actor.row.endpoint.drags_off)
    actor.stream.send("".join(one.encode() for one in releases))
    return releases


async def note_released(
    actor: SessionActor, lost: Lost, released: list[Instruction]
) -> None:
    """The releases into the input track, and into the audit trail; and what is left."""
    if lost.nameless:
        count = lost.nameless
        actor.later(fleet_service.note_left_pressed, actor.row, count, nameless=count)
    if not lost.rows:
        return
    people = await actor.db(fleet_service.people_of, lost.rows)
    user = next(iter(people.values()), None)
    assert actor.writer is not None
    actor.writer.append_input(
        [InputRecord(user, *release_values(one)) for one in released]
    )
    actor.later(fleet_service.note_releases, actor.row, lost.rows, why="adopted")


class Splice:
    """The stream since we have it, and a picture that is good for a frame of it."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._kept: list[Batch] = []
        self._length = 0
        self._tries = 0
        self._picture: Picture | None = None
        self._arrived = asyncio.Event()

    def ask(self) -> None:
        """Have a picture taken from now on. Raises `ProtocolError` after too many tries."""
        self._tries += 1
        if self._tries > PICTURE_TRIES:
            raise ProtocolError("no picture could be taken")
        self._picture = None
        self._arrived.clear()
        self._pictures.want(self._take)

    def keep(self, batch: Batch) -> None:
        self._kept.append(batch)
        self._length += len(batch.text)
        while self._length > MOST_KEPT and len(self._kept) > 1:
            # The picture, when it comes, is newer than all of it.
            self._length -= len(self._kept.pop(0).text)

    def found(self) -> tuple[Picture, list[Batch]] | None:
        """The picture, and what came after its frame; None while one of them is missing."""
        if self._picture is None:
            return None
        for place, batch in enumerate(self._kept):
            for end, timestamp in batch.syncs:
                if timestamp == self._picture.timestamp:
                    rest = [after(batch, end), *self._kept[place + 1 :]]
                    return self._picture, [one for one in rest if one]
                if timestamp > self._picture.timestamp:
                    self.ask()  # its frame had passed before we listened
                    return None
        return None

    async def read(self, stream: GuacdStream) -> bytes | None:
        """What comes next, or None when the picture was first."""
        reading = asyncio.ensure_future(stream.read())
        waiting = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait({reading, waiting}, return_when=asyncio.FIRST_COMPLETED)
            self._arrived.clear()
            if not reading.done():
                return None
            if not (data := reading.result()):
                raise ConnectionError("guacd closed the connection")
            return data
        finally:
            # A read that is cancelled while it waits has taken nothing.
            reading.cancel()
            waiting.cancel()

    def _take(self, picture: Picture | None) -> None:
        if picture is None:
            asyncio.get_running_loop().call_later(0.5, self._ask_quietly)
            return
        self._picture = picture
        self._arrived.set()

    def _ask_quietly(self) -> None:
        try:
            self.ask()
        except ProtocolError:
            logger.warning("No picture of the adopted session could be taken")
            self._arrived.set()
