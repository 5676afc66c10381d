"""The recorder of one live session, as the session actor uses it.

Everything here runs in the event loop; only compression, encryption and the disk's own
time are elsewhere. Once anything has failed, every call raises `RecordingFailed`.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sessions.recorder.container import NO_CHAIN, SCREEN
from sessions.recorder.cut import Cut, Piece, Syncs, split_behind
from sessions.recorder.disk import DiskQueue
from sessions.recorder.errors import RecordingFailed
from sessions.recorder.input_track import InputTrack
from sessions.recorder.ledger import LedgerTeller
from sessions.recorder.order import RecordingOrder
from sessions.recorder.records import InputRecord, encode_input, encode_mark
from sessions.recorder.segment import SegmentWriter, new_header

__all__ = ["InputRecord", "RecordingFailed", "RecordingOrder", "RecordingWriter"]

logger = logging.getLogger(__name__)

BLOCK_SECONDS = 1.0
BLOCK_LENGTH = 64 * 1024
SCREEN_SYNC_SECONDS = 1.0
CUT_SECONDS = 5.0
BEHIND_BYTES = 2 * 1024 * 1024
REST_SECONDS = 15.0
"""After a change of segment that failed, before the next is wished for."""

MIN_FREE_BYTES = 64 * 1024 * 1024


class RecordingWriter:
    """Writes the screen and the input track of one recording."""

    def __init__(
        self,
        order: RecordingOrder,
        on_failure: Callable[[RecordingFailed], None] | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.order = order
        self._on_failure = on_failure
        self._monotonic = monotonic
        self._utc_now = utc_now
        self._loop = asyncio.get_running_loop()
        self._disk = DiskQueue(self._failed)
        self._failure: RecordingFailed | None = None
        self._finished = False
        self._teller = LedgerTeller(order.ledger, order.recording_id)

        self._screen: SegmentWriter | None = None  # only the disk's thread touches it
        self._input: InputTrack | None = None
        self._synced_at = 0.0

        self._parts: list[str] = []
        self._length = 0
        self._flush_timer: asyncio.TimerHandle | None = None

        self._began: float | None = None  # monotonic, at the first picture
        self._tie_ms = 0  # position of `_tie_sync`
        self._tie_sync = 0
        self._last_sync = 0
        self._screen_number = 0
        self._segment_began = 0.0
        self._segment_length = 0
        self._rest_until = 0.0

        self._cut: Cut | None = None
        self._cut_timer: asyncio.TimerHandle | None = None
        self._awaited: tuple[str, int] | None = None  # picture and T of a cut to come

    # --- Beginning --------------------------------------------------------------------

    async def open(self) -> None:
        """Open the input track and see that the disk takes it. Raises `RecordingFailed`."""
        self._check()
        try:
            await self._loop.run_in_executor(None, _require_space, self.order.root)
            self._input = InputTrack(
                self.order,
                self._teller,
                put=self._put,
                position=lambda: self.position_ms,
                utc_now=self._utc_now,
            )
        except RecordingFailed as error:
            self._failed(error)
            raise
        self.append_mark("opened")
        self._input.sync()
        await self._disk.drain()

    async def start(self, picture: str, sync: int) -> None:
        """Begin the screen track with its first full picture, good for guacd's time `sync`.

        Returns when the picture is on the disk; only then may anybody see it.
        """
        self._check()
        self._began = self._monotonic()
        self._tie_ms, self._tie_sync = 0, sync
        self._put_segment(picture, sync, starts_ms=0)
        await self._disk.drain()

    # --- While it lasts ---------------------------------------------------------------

    @property
    def position_ms(self) -> int:
        """Milliseconds since the first picture; 0 before it."""
        if self._began is None:
            return 0
        return round((self._monotonic() - self._began) * 1000)

    @property
    def wants_rotation(self) -> bool:
        """The segment is old or large enough to be followed by a new one."""
        now = self._monotonic()
        if now < self._rest_until:
            return False
        age, order = now - self._segment_began, self.order
        return (
            age >= order.segment_seconds or self._segment_length >= order.segment_bytes
        )

    @property
    def behind(self) -> bool:
        """So much waits for the disk that the asset had better send less."""
        return self._disk.queued_bytes > BEHIND_BYTES

    @property
    def cutting(self) -> bool:
        """A rotation has begun and is not done."""
        return self._cut is not None

    def append_screen(self, text: str, syncs: Syncs) -> None:
        """Take whole instructions; `syncs` are (offset behind the `sync`, timestamp).

        They are on the disk within a second. Raises `RecordingFailed`.
        """
        self._check()
        piece = Piece(text, syncs)
        if self._awaited is not None:
            picture, sync = self._awaited
            split = split_behind(piece, sync)
            if split is not None:
                self._append(split[0])
                self._turn_over(picture, sync, [split[1]])
                return
        self._append(piece)
        if self._cut is not None:
            self._cut.remember(piece)
            if self._cut.too_long:
                logger.warning("%s: a cut took too long.", self.order.folder)
                self.abandon_cut()

    def append_input(self, records: Iterable[InputRecord]) -> None:
        """Write input down; on return it may go upstream. Raises `RecordingFailed`."""
        lines = encode_input(
            self.position_ms, records, with_keys=self.order.record_key_values
        )
        self._write_input(lines)

    def append_mark(self, kind: str, user_id: int | None = None, **data: Any) -> None:
        """Write down what happened. Raises `RecordingFailed`."""
        self._write_input(encode_mark(self.position_ms, kind, user_id, data))

    # --- Segments ---------------------------------------------------------------------

    def begin_cut(self) -> None:
        """Call before the join that brings the next picture."""
        self._check()
        self.abandon_cut()
        self._cut = Cut()

    def rotate(self, picture: str, sync: int) -> None:
        """Begin a new segment with `picture`, good for guacd's time `sync`.

        If the session's own stream has not come to `sync` yet, it happens when it does.
        """
        self._check()
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

    def resume(self, picture: str, sync: int, *, gap_reason: str) -> None:
        """Go on after an interruption, with another connection's clock; states the gap."""
        self._check()
        self.abandon_cut()
        self._flush()
        before = self._ms_of(self._last_sync)
        now = max(self.position_ms, before)
        self.append_mark("gap", reason=gap_reason, ms=now - before, from_ms=before)
        ended_with = self._last_sync
        self._tie_ms, self._tie_sync = now, sync
        self._put_segment(picture, sync, starts_ms=now, ended=(before, ended_with))

    async def settled(self) -> None:
        """Wait until the disk's thread has done everything given to it so far."""
        await self._disk.drain()

    # --- The end ----------------------------------------------------------------------

    async def finish(self) -> None:
        """Close both tracks; afterwards the recording can be sealed.

        Raises `RecordingFailed`. A second call does nothing.
        """
        if self._finished:
            return
        self._check()
        self.abandon_cut()
        self._flush()
        self._finished = True
        self._cancel_timers()
        ends_ms, last_sync = self._ms_of(self._last_sync), self._last_sync
        self._put(lambda: self._close_screen(ends_ms, last_sync))
        if self._input is not None:
            close_input, input_ends_ms = self._input.close, self.position_ms
            self._put(lambda: close_input(input_ends_ms))
        await self._disk.drain()
        await self._teller.told()

    async def abandon(self) -> None:
        """Close the files as they are (after a failure, or in a hurry); never raises."""
        self._failure = self._failure or RecordingFailed("The recording was abandoned.")
        self._finished = True
        self._cancel_timers()
        self.abandon_cut()
        await self._disk.stop(self._abandon_files)
        await self._teller.told()

    # --- Within -----------------------------------------------------------------------

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._finished:
            raise RecordingFailed("The recording has ended.")

    def _failed(self, error: RecordingFailed) -> None:
        """From here on every call raises; `on_failure` is told once."""
        if self._failure is not None:
            return
        self._failure = error
        self._cancel_timers()
        logger.error("%s: recording failed: %s", self.order.folder, error)
        if self._on_failure is not None:
            self._loop.call_soon(self._on_failure, error)

    def _put(self, job: Callable[[], object], size: int = 0) -> None:
        try:
            self._disk.put(job, size)
        except RecordingFailed as error:
            self._failed(error)
            raise

    def _ms_of(self, sync: int) -> int:
        return max(0, self._tie_ms + sync - self._tie_sync)

    def _append(self, piece: Piece) -> None:
        if piece.syncs:
            self._last_sync = piece.syncs[-1][1]
        self._parts.append(piece.text)
        self._length += len(piece.text)
        self._segment_length += len(piece.text)
        if self._length >= BLOCK_LENGTH:
            self._flush()
        elif self._flush_timer is None:
            self._flush_timer = self._loop.call_later(BLOCK_SECONDS, self._flush_late)

    def _flush_late(self) -> None:
        self._flush_timer = None
        if self._failure is None:
            try:
                self._flush()
            except RecordingFailed:
                return  # `_put` has told everybody

    def _flush(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if not self._parts:
            return
        parts, size, at_ms = self._parts, self._length, self._ms_of(self._last_sync)
        self._parts, self._length = [], 0
        self._put(lambda: self._write_screen(parts, at_ms), size)

    def _turn_over(self, picture: str, sync: int, behind: Sequence[Piece]) -> None:
        self.abandon_cut()
        self._flush()
        starts_ms = self._ms_of(sync)
        self._put_segment(picture, sync, starts_ms=starts_ms, ended=(starts_ms, sync))
        for piece in behind:
            self._append(piece)

    def _put_segment(
        self,
        picture: str,
        sync: int,
        *,
        starts_ms: int,
        ended: tuple[int, int] | None = None,
    ) -> None:
        self._screen_number += 1
        number, started_at = self._screen_number, self._utc_now()
        self._last_sync = sync
        self._segment_began = self._monotonic()
        self._segment_length = len(picture)
        self._rest_until = 0.0

        def begin() -> None:
            previous = self._close_screen(*ended) if ended is not None else NO_CHAIN
            header = new_header(
                recording=self.order.recording,
                track=SCREEN,
                number=number,
                started_at=started_at,
                starts_ms=starts_ms,
                first_sync=sync,
                previous=previous,
            )
            self._screen = self.order.new_segment(header)
            self._screen.write(picture.encode(), starts_ms)
            self._screen.sync()
            self._teller.opened(self._screen.facts)

        self._put(begin, len(picture))

    # In the disk's thread.

    def _write_screen(self, parts: list[str], at_ms: int) -> None:
        assert self._screen is not None
        self._screen.write("".join(parts).encode(), at_ms)
        now = time.monotonic()
        if now - self._synced_at >= SCREEN_SYNC_SECONDS:
            self._screen.sync()
            self._synced_at = now

    def _close_screen(self, ends_ms: int, last_sync: int) -> str:
        if self._screen is None:
            return NO_CHAIN
        facts = self._screen.close(ends_ms=ends_ms, last_sync=last_sync)
        self._screen = None
        self._teller.closed(facts)
        return facts.chain

    def _abandon_files(self) -> None:
        for segment in (self._screen, self._input):
            if segment is not None:
                segment.abandon()

    # In the loop.

    def _write_input(self, lines: bytes) -> None:
        self._check()
        if not lines:
            return
        assert self._input is not None, "open comes before any input"
        try:
            self._input.write(lines)
        except RecordingFailed as error:
            self._failed(error)
            raise

    def _cancel_timers(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if self._input is not None:
            self._input.stop_timer()


def _require_space(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        free = shutil.disk_usage(root).free
    except OSError as error:
        raise RecordingFailed(f"{root.name}: {error.strerror}") from error
    if free < MIN_FREE_BYTES:
        raise RecordingFailed("The disk for recordings is full.")
