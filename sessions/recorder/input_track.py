"""The input track of one live recording, the journal: written before anything is sent.

One call is one small block and one write(), which the event loop waits for, but never
for long (`prompt_disk`); for a key it does not give the interpreter away meanwhile. The
operating system has it on return, and the disk about a second later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from sessions.recorder.container import INPUT
from sessions.recorder.disk import DiskQueue
from sessions.recorder.errors import RecordingFailed
from sessions.recorder.ledger import LedgerTeller
from sessions.recorder.order import RecordingOrder, TrackEnd
from sessions.recorder.prompt_disk import journal_disk
from sessions.recorder.scan import leave_segment
from sessions.recorder.segment import SegmentWriter, new_header

SYNC_SECONDS = 1.0
SEGMENT_BYTES = 4 * 1024 * 1024


class InputTrack:
    """`begin` first. Every call raises `RecordingFailed` where it cannot write.

    on_failure: for what the disk finds out afterwards. position: milliseconds since the
    first picture.
    """

    def __init__(
        self,
        order: RecordingOrder,
        teller: LedgerTeller,
        *,
        on_failure: Callable[[RecordingFailed], None],
        position: Callable[[], int],
        utc_now: Callable[[], datetime],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._order = order
        self._teller = teller
        self._on_failure = on_failure
        self._position = position
        self._utc_now = utc_now
        self._timer: asyncio.TimerHandle | None = None
        self._disk = DiskQueue(on_failure)
        self._end = order.ends[INPUT]
        self._segment: SegmentWriter | None = None
        self._full: SegmentWriter | None = None  # has its end, not yet on the disk

    def begin(self) -> None:
        """The first segment. In a thread: a storage that hangs must not hang the loop."""
        self._segment = self._open(self._end, self._position())
        self._teller.opened(self._segment.facts)

    def write(self, lines: bytes) -> None:
        """On return it may go upstream."""
        segment = self._segment
        if segment is None or _is_full(segment) or not journal_disk.writes:
            journal_disk.run(lambda: self._write(lines, self._position()))
        else:
            segment.write(lines, self._position(), by=journal_disk.write)
        if self._full is not None:
            full, self._full = self._full, None
            self._disk.put(lambda: _put_away(full))
        if self._timer is None:
            self._timer = self._loop.call_later(SYNC_SECONDS, self._sync_late)

    async def synced(self) -> None:
        """Wait until the disk keeps what was written."""
        self.stop_timer()
        self._put_sync()
        await self._disk.drain()

    def stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def idle(self) -> bool:
        """No thread is still writing for it."""
        return self._disk.idle

    def go_on(self, starts_ms: int, notes: list[tuple[int, bytes]]) -> None:
        """After a failure, in a thread: a new segment, with what could not be noted.

        notes: (position, lines). Leaves nothing behind when it fails.
        """
        journal_disk.run(_nothing)  # what was given up may still be under way
        old = self._segment
        if old is not None:
            facts = leave_segment(old, self._order)
            if facts.closed:
                self._teller.closed(facts)
            self._end = TrackEnd(facts.number, facts.chain, facts.ends_ms)
            self._segment = None
        segment = self._open(self._end, starts_ms)
        try:
            for at_ms, lines in notes:
                segment.write(lines, at_ms)
            segment.sync()
        except RecordingFailed:
            segment.discard()
            raise
        self._segment = segment
        self._teller.opened(segment.facts)

    def live(self) -> None:
        """In the loop, after `go_on`: the disk's queue is new, too."""
        self._disk = DiskQueue(self._on_failure)

    async def close(self, ends_ms: int) -> None:
        """After the last write."""
        self.stop_timer()
        segment = self._segment
        if segment is not None:
            self._disk.put(lambda: self._close(segment, ends_ms))
            await self._disk.drain()

    async def abandon(self) -> None:
        self.stop_timer()
        segment = self._segment
        await self._disk.stop(segment.abandon if segment is not None else _nothing)

    # In the loop.

    def _sync_late(self) -> None:
        self._timer = None
        try:
            self._put_sync()
        except RecordingFailed as error:
            self._on_failure(error)

    def _put_sync(self) -> None:
        assert self._segment is not None
        self._disk.put(self._segment.sync)

    # In a thread.

    def _write(self, lines: bytes, at_ms: int) -> None:
        segment = self._segment
        if segment is None:
            raise RecordingFailed("The journal is not open.")
        if _is_full(segment):
            segment = self._turn_over(segment)
        segment.write(lines, at_ms)

    def _open(self, end: TrackEnd, starts_ms: int) -> SegmentWriter:
        header = new_header(
            recording=self._order.recording,
            track=INPUT,
            number=end.number + 1,
            started_at=self._utc_now(),
            starts_ms=starts_ms,
            previous=end.chain,
        )
        return self._order.new_segment(header)

    def _turn_over(self, old: SegmentWriter) -> SegmentWriter:
        position = self._position()
        facts = old.end(ends_ms=position, last_sync=None)
        self._end = TrackEnd(facts.number, facts.chain, facts.ends_ms)
        self._segment = self._open(self._end, position)
        self._full = old
        self._teller.closed(facts)
        self._teller.opened(self._segment.facts)
        return self._segment

    def _close(self, segment: SegmentWriter, ends_ms: int) -> None:
        self._teller.closed(segment.close(ends_ms=ends_ms, last_sync=None))


def _is_full(segment: SegmentWriter) -> bool:
    return segment.plain_bytes >= SEGMENT_BYTES


def _put_away(segment: SegmentWriter) -> None:
    segment.sync()
    segment.abandon()


def _nothing() -> None:
    """No file is open."""
