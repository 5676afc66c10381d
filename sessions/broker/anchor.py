"""An anchor: a join of another broker's session that keeps it alive, and can adopt it.

It answers every `sync` at once, so that guacd never waits for it, and throws the rest
away. It may send nothing else: its gate is shut until the session is adopted. The join is
never made before the owner's first picture, and a corrupt one is dropped (guacd-facts 2, 6).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

from sessions.broker.upstream import guacd_address
from sessions.guacamole.errors import GuacdError, ProtocolError
from sessions.guacamole.handshake import GuacdStream, join_connection
from sessions.guacamole.opcodes import DOWNSTREAM
from sessions.guacamole.reader import InstructionReader
from sessions.services.adoption import Anchored

logger = logging.getLogger(__name__)

FIRST_FRAME_SECONDS = 5.0
JOIN_SECONDS = 5.0


class Anchor:
    """`start`, then either `leave`, or `give` it to the actor that adopts the session."""

    def __init__(
        self,
        session: Anchored,
        *,
        on_good: Callable[[Anchor], None],
        on_over: Callable[[Anchor], None],
    ) -> None:
        self.session = session
        self.reader = InstructionReader()
        self.stream: GuacdStream | None = None
        self.last_sync: int | None = None
        self.given_because = ""
        self._on_good = on_good
        self._on_over = on_over
        self._task: asyncio.Task[None] | None = None

    @property
    def id(self) -> UUID:
        return self.session.id

    @property
    def good(self) -> bool:
        """It has had a whole frame, so that it can be gone on from."""
        return self.last_sync is not None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def leave(self) -> None:
        """Say `disconnect`: whoever proves the session's end must not find us here."""
        await self._stop_reading()
        if self.stream is not None:
            self.stream.gate = None
            await self.stream.leave()

    async def give(self) -> GuacdStream:
        """Stop reading, between two reads; the stream and its reader are the caller's."""
        await self._stop_reading()
        assert self.stream is not None
        return self.stream

    async def _stop_reading(self) -> None:
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        try:
            await self._join()
            async with asyncio.timeout(FIRST_FRAME_SECONDS) as patience:
                while await self._read_once():
                    if self.good and patience.when() is not None:
                        patience.reschedule(None)
                        self._on_good(self)
        except (GuacdError, ProtocolError, OSError, TimeoutError) as error:
            logger.info("Anchor of %s: %s", self.id, error or type(error).__name__)
        except Exception:
            logger.exception("The anchor of %s failed", self.id)
        self._on_over(self)

    async def _join(self) -> None:
        stream = await join_connection(
            guacd_address(self.session.guacd_address),
            self.session.connection_id,
            timeout=JOIN_SECONDS,
            control=True,
        )
        stream.gate = _shut
        self.stream = stream

    async def _read_once(self) -> bool:
        """One read: False when the connection has ended. Raises `ProtocolError`."""
        assert self.stream is not None
        data = await self.stream.read()
        if not data:
            return False
        batch = self.reader.feed(data)
        for mark in batch.marks:
            if mark.opcode in ("error", "disconnect"):
                return False
            if mark.opcode not in DOWNSTREAM:
                raise ProtocolError("the join is corrupt")
        if batch.syncs:
            self.last_sync = batch.syncs[-1][1]
            self.stream.acknowledge(self.last_sync)
        return True


def _shut() -> bool:
    """An anchor sends nothing."""
    return False
