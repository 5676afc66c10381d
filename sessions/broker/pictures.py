"""A full picture on demand: a short-lived join that looks, up to its first `sync`, then leaves.

Never before the owner's first `sync` (a join that comes too early kills the connection),
and about 3 % of the joins to a busy screen are corrupt: those are dropped and tried again
(guacd-facts 2, 5, 6, 20).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable

from sessions.broker.frames import part, syncs_of
from sessions.broker.viewer import Picture
from sessions.guacamole.errors import ConnectionGone, GuacdError, ProtocolError
from sessions.guacamole.handshake import GuacdAddress, GuacdStream, join_connection
from sessions.guacamole.opcodes import DOWNSTREAM, OBSERVER
from sessions.guacamole.reader import InstructionReader
from sessions.guacamole.streamfilter import DownstreamFilter

logger = logging.getLogger(__name__)

TRIES = 5
SECONDS_PER_TRY = 3.0
MOST_CHARACTERS = 16 * 1024 * 1024

SCREEN = "4.size,1.0,"
"""Begins the instruction that sizes the screen's own layer: no picture is without it."""

DRAWN = re.compile(r"3\.img,\d+\.\d+,2\.14,1\.\d,|5\.cfill,")
"""Something drawn on the screen, and not only the pointer's own little picture. The
owner's first `sync` comes before it (measured), a join's after it."""

Taker = Callable[[Picture | None], None]


class Pictures:
    """Takes pictures for whoever asks; those who ask at the same time get the same one."""

    def __init__(self, address: GuacdAddress, connection_id: str) -> None:
        self._address = address
        self._connection_id = connection_id
        self._takers: list[Taker] = []
        self._task: asyncio.Task[None] | None = None

    def want(self, taker: Taker) -> None:
        """Call `taker` with a picture that is taken from now on, or with None."""
        self._takers.append(taker)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve())

    async def close(self) -> None:
        """Leave a join that is under way."""
        self._takers = []
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=2.0)

    async def _serve(self) -> None:
        while self._takers:
            takers, self._takers = self._takers, []
            picture = await take_picture(self._address, self._connection_id)
            for taker in takers:
                taker(picture)


async def take_picture(address: GuacdAddress, connection_id: str) -> Picture | None:
    """A picture, by up to five joins; None when none was good."""
    for attempt in range(1, TRIES + 1):
        try:
            async with asyncio.timeout(SECONDS_PER_TRY):
                return await _picture_of_one_join(address, connection_id)
        except ConnectionGone:
            return None
        except (GuacdError, ProtocolError, OSError, TimeoutError) as error:
            logger.info("Picture, try %d: %s", attempt, error or type(error).__name__)
    return None


async def _picture_of_one_join(address: GuacdAddress, connection_id: str) -> Picture:
    stream = await join_connection(address, connection_id, timeout=SECONDS_PER_TRY)
    try:
        return await _first_picture(stream)
    finally:
        # Also when cancelled: a join that is left open keeps guacd on the asset.
        await asyncio.shield(stream.leave())


async def _first_picture(stream: GuacdStream) -> Picture:
    """What an observer may see of the stream up to its first `sync`."""
    reader = InstructionReader()
    look = DownstreamFilter(OBSERVER)
    texts: list[str] = []
    length = 0
    while True:
        data = await stream.read()
        if not data:
            raise ProtocolError("the join ended before its picture")
        batch = reader.feed(data)
        for mark in batch.marks:
            if mark.opcode in ("error", "disconnect"):
                raise ProtocolError("the join was refused")
            if mark.opcode not in DOWNSTREAM:
                # The tail of a broadcast may happen to look like whole instructions.
                raise ProtocolError("the join is corrupt")
        syncs = syncs_of(batch)
        if not syncs:
            texts.append(look.apply(batch))
            length += len(batch.text)
            if length > MOST_CHARACTERS:
                raise ProtocolError("the join brings no end of a picture")
            continue
        end, timestamp = syncs[0]
        texts.append(look.apply(part(batch, 0, end)))
        text = "".join(texts)
        if SCREEN not in text:
            raise ProtocolError("the join brought no picture")
        return Picture(text, timestamp)
