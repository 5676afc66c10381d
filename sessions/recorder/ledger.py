"""Where the writer tells of its segments: a convenience, never a condition.

The files say everything themselves, so a database that does not answer for a while does
not end a recording; sealing reads from the files what the ledger missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from asgiref.sync import sync_to_async

from sessions.recorder.segment import SegmentFacts

logger = logging.getLogger(__name__)


class Ledger(Protocol):
    """Called from a thread, one call at a time, in order."""

    def segment_opened(self, recording_id: int, facts: SegmentFacts) -> None: ...

    def segment_closed(self, recording_id: int, facts: SegmentFacts) -> None: ...


class NoLedger:
    """For tests and measurements without a database."""

    def segment_opened(self, recording_id: int, facts: SegmentFacts) -> None:
        """Not written anywhere."""

    def segment_closed(self, recording_id: int, facts: SegmentFacts) -> None:
        """Not written anywhere."""


class LedgerTeller:
    """Tells a ledger in order, in a thread, without anybody waiting for it."""

    def __init__(self, ledger: Ledger, recording_id: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._recording_id = recording_id
        self._telling: asyncio.Task[None] | None = None
        self._ledger = ledger

    def opened(self, facts: SegmentFacts) -> None:
        """From any thread."""
        self._loop.call_soon_threadsafe(self._tell, self._ledger.segment_opened, facts)

    def closed(self, facts: SegmentFacts) -> None:
        """From any thread."""
        self._loop.call_soon_threadsafe(self._tell, self._ledger.segment_closed, facts)

    async def told(self) -> None:
        """Wait until the ledger knows everything."""
        await asyncio.sleep(0)  # what other threads have just handed over
        if self._telling is not None:
            await self._telling

    def _tell(
        self, tell: Callable[[int, SegmentFacts], None], facts: SegmentFacts
    ) -> None:
        before = self._telling

        async def tell_next() -> None:
            if before is not None:
                await before
            try:
                await sync_to_async(tell)(self._recording_id, facts)
            except Exception:  # noqa: BLE001 - the files know it; sealing makes up for it
                logger.exception("The ledger missed the segment %s.", facts.name)

        self._telling = self._loop.create_task(tell_next())
