"""The screen track of one live recording: what the machine showed, off the event loop.

Its calls come from the event loop and wait for nothing; blocks are compressed, encrypted
and written in the disk's thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from sessions.recorder.container import SCREEN
from sessions.recorder.cut import Cut, Piece, split_behind
from sessions.recorder.disk import DiskQueue
from sessions.recorder.errors import GUACD_CLOCK, RecordingFailed
from sessions.recorder.ledger import LedgerTeller
from sessions.recorder.order import RecordingOrder, TrackEnd
from sessions.recorder.scan import leave_segment
from sessions.recorder.segment import SegmentWriter, new_header

logger = logging.getLogger(__name__)

BLOCK_SECONDS = 1.0
BLOCK_LENGTH = 64 * 1024
SCREEN_SYNC_SECONDS = 1.0
CUT_SECONDS = 5.0
BEHIND_BYTES = 2 * 1024 * 1024
REST_SECONDS = 15.0
"""After a change of segment that failed, before the next is wished for."""

CLOCK_BACK_MS = 1_000
CLOCK_LEAP_MS = 60_000
"""guacd's clock and ours, from one frame to the next: further apart, and positions would
be wrong from there on."""


class ScreenTrack:
    """Raises `RecordingFailed` where a call finds that it cannot write; what the disk's
    thread finds goes to `on_failure`. `monotonic`: seconds."""

    def __init__(
        self,
        order: RecordingOrder,
        teller: LedgerTeller,
        *,
        on_failure: Callable[[RecordingFailed], None],
        monotonic: Callable[[], float],
        utc_now: Callable[[], datetime],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._order = order
        self._teller = teller
        self._on_failure = on_failure
        self._monotonic = monotonic
        self._utc_now = utc_now
        self._disk = DiskQueue(on_failure)
        self._end = order.ends[SCREEN]  # the disk's thread writes it, once there is one
        self._segment: SegmentWriter | None = None  # only the disk's thread touches it
        self._synced_at = 0.0

        self._parts: list[str] = []
        self._length = 0
        self._flush_timer: asyncio.TimerHandle | None = None

        self._tie_ms = 0  # position of `_tie_sync`
        self._tie_sync = 0
        self._last_sync = 0
        self._last_sync_at = 0.0
        self._began = 0.0
        self._segment_length = 0
        self._rest_until = 0.0

        self._cut: Cut | None = None
        self._cut_timer: asyncio.TimerHandle | None = None
        self._awaited: tuple[str, int] | None = None  # picture and T of a cut to come

    # --- What the actor asks ----------------------------------------------------------------

    @property
    def wants_rotation(self) -> bool:
        """The segment is old or large enough to be followed by a new one."""
        now = self._monotonic()
        if now < self._rest_until:
            return False
        order = self._order
        return (
            now - self._began >= order.segment_seconds
            or self._segment_length >= order.segment_bytes
        )

    @property
    def behind(self) -> bool:
        """So much waits for the disk that the asset had better send less."""
        return self._disk.queued_bytes > BEHIND_BYTES

    @property
    def cutting(self) -> bool:
        return self._cut is not None

    @property
    def idle(self) -> bool:
        """No thread is still writing for it."""
        return self._disk.idle

    @property
    def ends_ms(self) -> int:
        """Position of the last frame."""
        return self._ms_of(self._last_sync)

    # --- Segments ---------------------------------------------------------------------------

    def begin(self, picture: str, sync: int, starts_ms: int) -> None:
        """The first segment of this writer; the time before it is over."""
        self._tie(sync, starts_ms)
        self._put_segment(picture, sync, starts_ms, ended=None)

    def append(self, piece: Piece) -> None:
        if self._awaited is not None:
            picture, sync = self._awaited
            split = split_behind(piece, sync)
            if split is not None:
                self._append(split[0])
                self._turn_over(picture, sync, [split[1]])
                return
        self._append(piece)
        self.remember(piece)

    def remember(self, piece: Piece) -> None:
        """For the cut that has begun; nothing is written."""
        if self._cut is None:
            return
        self._cut.remember(piece)
        if self._cut.too_long:
            logger.warning("%s: a cut took too long.", self._order.folder)
            self.abandon_cut()

    def begin_cut(self) -> None:
        self.abandon_cut()
        self._cut = Cut()

    def rotate(self, picture: str, sync: int) -> None:
        if self._cut is None:
            raise ValueError("begin_cut comes before rotate")
        behind = self._cut.behind(sync)
        if behind is not None:
            self._turn_over(picture, sync, behind)
            return
        self._awaited = (picture, sync)
        self._cut_timer = self._loop.call_later(CUT_SECONDS, self.abandon_cut)

    def abandon_cut(self) -> None:
        """The join failed, or its `sync` never came: the old segment goes on for a while."""
        if self._cut is not None:
            self._rest_until = self._monotonic() + REST_SECONDS
        self._cut = None
        self._awaited = None
        if self._cut_timer is not None:
            self._cut_timer.cancel()
            self._cut_timer = None

    def has_seen(self, sync: int) -> bool:
        """Since the cut began, the `sync` with this timestamp has come."""
        return self._cut is not None and self._cut.behind(sync) is not None

    def go_on(self, picture: str, sync: int, starts_ms: int, *, failed: bool) -> None:
        """Anew behind a gap; what the cut remembers behind `sync` follows.

        The segment before ends with what of it was written.
        """
        behind = (self._cut.behind(sync) if self._cut is not None else None) or []
        self.abandon_cut()
        ended = None
        if failed:
            self._stop_flushing()
            self._parts, self._length = [], 0
            self._disk = DiskQueue(self._on_failure)
        else:
            self.flush()
            ended = (self.ends_ms, self._last_sync)
        self._tie(sync, starts_ms)
        self._put_segment(picture, sync, starts_ms, ended=ended)
        for piece in behind:
            self._append(piece)

    async def settled(self) -> None:
        await self._disk.drain()

    async def close(self) -> None:
        self.abandon_cut()
        self.flush()
        ends_ms, last_sync = self.ends_ms, self._last_sync
        self._disk.put(lambda: self._close(ends_ms, last_sync))
        await self._disk.drain()

    async def abandon(self) -> None:
        """Close the file as it is."""
        self.abandon_cut()
        self._stop_flushing()
        await self._disk.stop(self._abandon)

    def stop(self) -> None:
        """It failed: nothing more is written by itself."""
        self.abandon_cut()
        self._stop_flushing()

    # --- Within -----------------------------------------------------------------------------

    def _tie(self, sync: int, starts_ms: int) -> None:
        self._tie_ms, self._tie_sync = starts_ms, sync
        self._last_sync, self._last_sync_at = sync, self._monotonic()

    def _ms_of(self, sync: int) -> int:
        return max(0, self._tie_ms + sync - self._tie_sync)

    def _append(self, piece: Piece) -> None:
        if piece.syncs:
            self._follow_clock(piece.syncs[-1][1])
        self._parts.append(piece.text)
        self._length += len(piece.text)
        self._segment_length += len(piece.text)
        if self._length >= BLOCK_LENGTH:
            self.flush()
        elif self._flush_timer is None:
            self._flush_timer = self._loop.call_later(BLOCK_SECONDS, self._flush_late)

    def _follow_clock(self, sync: int) -> None:
        """Positions rest on guacd's clock: one that leaps would move them."""
        now = self._monotonic()
        step = sync - self._last_sync
        leap = step - (now - self._last_sync_at) * 1000
        if step < -CLOCK_BACK_MS or abs(leap) > CLOCK_LEAP_MS:
            self.flush()
            raise RecordingFailed(
                f"guacd's clock leapt by {round(leap)} ms.", GUACD_CLOCK
            )
        self._last_sync, self._last_sync_at = sync, now

    def _flush_late(self) -> None:
        self._flush_timer = None
        try:
            self.flush()
        except RecordingFailed as error:
            self._on_failure(error)

    def flush(self) -> None:
        self._stop_flushing()
        if not self._parts:
            return
        parts, size, sync = self._parts, self._length, self._last_sync
        at_ms = self._ms_of(sync)
        self._parts, self._length = [], 0
        self._disk.put(lambda: self._write(parts, at_ms, sync), size)

    def _stop_flushing(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None

    def _turn_over(self, picture: str, sync: int, behind: Sequence[Piece]) -> None:
        self.abandon_cut()
        self.flush()
        starts_ms = self._ms_of(sync)
        self._put_segment(picture, sync, starts_ms, ended=(starts_ms, sync))
        self._last_sync = sync
        for piece in behind:
            self._append(piece)

    def _put_segment(
        self, picture: str, sync: int, starts_ms: int, *, ended: tuple[int, int] | None
    ) -> None:
        started_at = self._utc_now()
        self._began = self._monotonic()
        self._segment_length = len(picture)
        self._rest_until = 0.0
        self._disk.put(
            lambda: self._begin(picture, sync, starts_ms, started_at, ended),
            len(picture),
        )

    # In the disk's thread.

    def _begin(
        self,
        picture: str,
        sync: int,
        starts_ms: int,
        started_at: datetime,
        ended: tuple[int, int] | None,
    ) -> None:
        self._order.check_key()
        if ended is not None:
            self._close(*ended)
        else:
            self._leave()
        header = new_header(
            recording=self._order.recording,
            track=SCREEN,
            number=self._end.number + 1,
            started_at=started_at,
            starts_ms=starts_ms,
            first_sync=sync,
            previous=self._end.chain,
        )
        segment = self._order.new_segment(header)
        try:
            segment.write(picture.encode(), starts_ms, sync)
            segment.sync()
        except RecordingFailed:
            segment.discard()
            raise
        self._segment = segment
        self._teller.opened(segment.facts)

    def _write(self, parts: list[str], at_ms: int, sync: int) -> None:
        assert self._segment is not None
        self._segment.write("".join(parts).encode(), at_ms, sync)
        now = time.monotonic()
        if now - self._synced_at >= SCREEN_SYNC_SECONDS:
            self._segment.sync()
            self._synced_at = now

    def _close(self, ends_ms: int, last_sync: int) -> None:
        if self._segment is None:
            return
        facts = self._segment.close(ends_ms=ends_ms, last_sync=last_sync)
        self._segment = None
        self._end = TrackEnd(facts.number, facts.chain, facts.ends_ms)
        self._teller.closed(facts)

    def _leave(self) -> None:
        """The end of a segment that nothing more can be written to."""
        if self._segment is None:
            return
        facts = leave_segment(self._segment, self._order)
        self._segment = None
        self._end = TrackEnd(facts.number, facts.chain, facts.ends_ms)
        if facts.closed:
            self._teller.closed(facts)

    def _abandon(self) -> None:
        if self._segment is not None:
            self._segment.abandon()

    @property
    def written_ms(self) -> int:
        """Position of the last frame that was written (while no job is running)."""
        segment = self._segment
        return segment.last_ms if segment is not None else self._end.ends_ms
