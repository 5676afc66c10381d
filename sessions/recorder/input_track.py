"""The input track of one live recording: written in the event loop, before anything is sent.

One call is one small block and one write(); the operating system has it on return, and
the disk about a second later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from sessions.recorder.container import INPUT, NO_CHAIN
from sessions.recorder.ledger import LedgerTeller
from sessions.recorder.order import RecordingOrder
from sessions.recorder.segment import SegmentWriter, new_header

SYNC_SECONDS = 1.0
SEGMENT_BYTES = 4 * 1024 * 1024


class InputTrack:
    """Raises `RecordingFailed` wherever it cannot write.

    put: gives a job to the disk's thread. position: milliseconds since the first picture.
    """

    def __init__(
        self,
        order: RecordingOrder,
        teller: LedgerTeller,
        *,
        put: Callable[[Callable[[], object]], None],
        position: Callable[[], int],
        utc_now: Callable[[], datetime],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._order = order
        self._teller = teller
        self._put = put
        self._position = position
        self._utc_now = utc_now
        self._timer: asyncio.TimerHandle | None = None
        self._segment = self._open(1, NO_CHAIN)

    def write(self, lines: bytes) -> None:
        if self._segment.plain_bytes >= SEGMENT_BYTES:
            self._turn_over()
        self._segment.write(lines, self._position())
        if self._timer is None:
            self._timer = self._loop.call_later(SYNC_SECONDS, self.sync)

    def sync(self) -> None:
        """Ask the disk's thread to have the disk keep what was written."""
        self.stop_timer()
        self._put(self._segment.sync)

    def stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self, ends_ms: int) -> None:
        """In the disk's thread, after the last write."""
        self._teller.closed(self._segment.close(ends_ms=ends_ms, last_sync=None))

    def abandon(self) -> None:
        self._segment.abandon()

    def _open(self, number: int, previous: str) -> SegmentWriter:
        header = new_header(
            recording=self._order.recording,
            track=INPUT,
            number=number,
            started_at=self._utc_now(),
            starts_ms=self._position(),
            previous=previous,
        )
        segment = self._order.new_segment(header)
        self._teller.opened(segment.facts)
        return segment

    def _turn_over(self) -> None:
        old = self._segment
        facts = old.end(ends_ms=self._position(), last_sync=None)
        self._segment = self._open(facts.number + 1, facts.chain)
        self._teller.closed(facts)

        def close() -> None:
            old.sync()
            old.abandon()

        self._put(close)
