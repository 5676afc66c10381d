"""The recorder of one live session, as the session actor uses it.

Everything here runs in the event loop; compression, encryption and the disk's own time
are elsewhere. The two tracks fail by themselves: while the screen cannot be recorded the
journal may still work. A track that failed stays so until `reopen` and `resume` have
brought it back in a new segment, behind a stated gap.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sessions.recorder.clock_watch import ClockWatch
from sessions.recorder.container import INPUT, SCREEN
from sessions.recorder.cut import Piece, Syncs
from sessions.recorder.errors import (
    DISK_FULL,
    PORTAL_CLOCK,
    STORAGE_SILENT,
    RecordingFailed,
    refused,
)
from sessions.recorder.input_track import InputTrack
from sessions.recorder.ledger import LedgerTeller
from sessions.recorder.order import RecordingOrder
from sessions.recorder.records import InputRecord, encode_input, encode_mark
from sessions.recorder.screen_track import ScreenTrack

__all__ = ["InputRecord", "RecordingFailed", "RecordingOrder", "RecordingWriter"]

logger = logging.getLogger(__name__)

MIN_FREE_BYTES = 64 * 1024 * 1024
STORAGE_SECONDS = 5.0
"""How long opening a file may take."""

MAX_UNNOTED_BYTES = 64 * 1024
"""Marks and releases kept while the journal is down."""

PROBE_BYTES = 64 * 1024


class RecordingWriter:
    """Writes the screen and the input track of one recording.

    on_failure: called in the loop, once for each failure of a track (`error.track`).
    """

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
        self._loop = asyncio.get_running_loop()
        self._failures: dict[str, RecordingFailed] = {}
        self._opened = False
        self._finished = False
        self._journal_ends_ms = 0
        self._unnoted: list[tuple[int, bytes]] = []
        self._errand: asyncio.Future[None] | None = None
        self._clock = ClockWatch(monotonic, utc_now)
        self._utc_now = utc_now
        self._teller = LedgerTeller(order.ledger, order.recording_id)
        self._began = self._begun_before()  # monotonic, at the first picture
        self._screen = ScreenTrack(
            order,
            self._teller,
            on_failure=lambda error: self._failed(SCREEN, error),
            monotonic=monotonic,
            utc_now=utc_now,
        )
        self._journal = InputTrack(
            order,
            self._teller,
            on_failure=lambda error: self._failed(INPUT, error),
            position=lambda: self.position_ms,
            utc_now=utc_now,
        )

    # --- Beginning --------------------------------------------------------------------

    async def open(self) -> None:
        """Open the input track and see that the disk takes it. Raises `RecordingFailed`."""
        self._check()
        try:
            await self._in_thread(self._prepare)
            self._opened = True
            self.append_mark("opened")
            self._check()
            await self._journal.synced()
        except RecordingFailed as error:
            self._failed(INPUT, error)
            raise

    async def start(self, picture: str, sync: int) -> None:
        """Begin the screen track with a full picture, good for guacd's time `sync`.

        Returns when the picture is on the disk; only then may anybody see it. A recording
        that another writer began goes on here, with the gap since then.
        """
        self._check()
        if self._began is None:
            self._began = self._monotonic()
        starts_ms = self.position_ms
        if self.order.interruption is not None:
            before = self.order.ends[SCREEN].ends_ms
            self._mark_gap(self.order.interruption.reason, before, starts_ms)
        self._screen.begin(picture, sync, starts_ms)
        await self._screen.settled()

    # --- While it lasts ---------------------------------------------------------------

    @property
    def position_ms(self) -> int:
        """Milliseconds since the first picture; 0 before it."""
        if self._began is None:
            return 0
        return round((self._monotonic() - self._began) * 1000)

    @property
    def journal_failure(self) -> RecordingFailed | None:
        return self._failures.get(INPUT)

    @property
    def screen_failure(self) -> RecordingFailed | None:
        return self._failures.get(SCREEN)

    @property
    def wants_rotation(self) -> bool:
        """The segment is old or large enough to be followed by a new one."""
        return SCREEN not in self._failures and self._screen.wants_rotation

    @property
    def behind(self) -> bool:
        """So much waits for the disk that the asset had better send less."""
        return self._screen.behind

    @property
    def cutting(self) -> bool:
        """A rotation has begun and is not done."""
        return self._screen.cutting

    def append_screen(self, text: str, syncs: Syncs) -> None:
        """Take whole instructions; `syncs` are (offset behind the `sync`, timestamp).

        They are on the disk within a second. Never raises: a failure is told by
        `on_failure`, before this returns where it is found here, and while it lasts
        nothing is kept but for the cut that is to end it.
        """
        if self._finished:
            return
        piece = Piece(text, syncs)
        if SCREEN in self._failures:
            self._screen.remember(piece)
            return
        try:
            self._screen.append(piece)
        except Exception as error:  # noqa: BLE001 - a fault of ours is a failure, too
            self._failed(SCREEN, error)

    def append_input(self, records: Iterable[InputRecord]) -> None:
        """Write input down; on return it may go upstream. Raises `RecordingFailed`."""
        lines = encode_input(
            self.position_ms, records, with_keys=self.order.record_key_values
        )
        self._check(INPUT)
        if lines:
            self._write_input(lines)

    def append_mark(self, kind: str, user_id: int | None = None, **data: Any) -> None:
        """Write down what happened. While the journal is down it is kept for later."""
        lines = encode_mark(self.position_ms, kind, user_id, data)
        if self._finished:
            return
        if INPUT in self._failures or not self._opened:
            self._note_later(lines)
            return
        try:
            self._write_input(lines)
        except RecordingFailed:
            self._note_later(lines)

    def note_later(self, records: Iterable[InputRecord]) -> None:
        """What was sent although it could not be written down first: releases. They are
        written when the journal is back, with the time at which they were sent."""
        self._note_later(
            encode_input(
                self.position_ms, records, with_keys=self.order.record_key_values
            )
        )

    def check_clock(self) -> float:
        """Look whether the time of day was set. Returns by how many seconds.

        It is stated, and the screen fails: the segment that tells the old time ends here.
        """
        leap = self._clock.leap()
        if not leap or self._finished:
            return leap
        self.append_mark(
            "clock",
            leapt_ms=round(leap * 1000),
            utc=self._utc_now().isoformat(timespec="milliseconds"),
        )
        error = RecordingFailed(f"The clock leapt by {leap:+.1f} s.", PORTAL_CLOCK)
        if SCREEN not in self._failures:
            try:
                self._screen.flush()
            except RecordingFailed as worse:
                error = worse
        self._failed(SCREEN, error)
        return leap

    # --- Segments ---------------------------------------------------------------------

    def begin_cut(self) -> None:
        """Call before the join that brings the next picture."""
        self._screen.begin_cut()

    def rotate(self, picture: str, sync: int) -> None:
        """Begin a new segment with `picture`, good for guacd's time `sync`.

        If the session's own stream has not come to `sync` yet, it happens when it does.
        """
        if SCREEN in self._failures or self._finished:
            return
        try:
            self._screen.rotate(picture, sync)
        except RecordingFailed as error:
            self._failed(SCREEN, error)

    def abandon_cut(self) -> None:
        """The join failed, or its `sync` never came: the old segment goes on for a while."""
        self._screen.abandon_cut()

    # --- Coming back ------------------------------------------------------------------

    async def reopen(self) -> None:
        """After a failure: see that the storage takes something again, and bring the
        journal back. The screen follows with `resume`. Raises `RecordingFailed`."""
        if not (self._screen.idle and self._journal.idle):
            raise RecordingFailed("The storage does not answer.", STORAGE_SILENT)
        await self._in_thread(self._probe)
        failure = self._failures.get(INPUT)
        if failure is None:
            return
        starts_ms, now = self._journal_ends_ms, self.position_ms
        gap = encode_mark(
            now, "gap", None,
            {"track": INPUT, "reason": failure.code, "from_ms": starts_ms, "ms": now - starts_ms},
        )  # fmt: skip
        notes = list(self._unnoted)
        await self._in_thread(
            lambda: self._journal.go_on(starts_ms, [*notes, (now, gap)])
        )
        self._journal.live()
        del self._failures[INPUT]
        later, self._unnoted = self._unnoted[len(notes) :], []
        for _at_ms, lines in later:
            self._write_input(lines)

    def has_seen(self, sync: int) -> bool:
        """Since `begin_cut`, the `sync` with this timestamp has come."""
        return self._screen.has_seen(sync)

    def resume(self, picture: str, sync: int, *, gap_reason: str = "") -> None:
        """Go on with the screen behind a gap that is stated, in a new segment.

        After a failure: `begin_cut`, a picture, and when `has_seen` its `sync`, this; what
        came behind `sync` meanwhile is in the new segment. Or with another connection's
        clock. Raises `RecordingFailed`; `settled` tells whether the disk took it.
        """
        if self._finished:
            raise RecordingFailed("The recording has ended.")
        failure = self._failures.pop(SCREEN, None)
        screen = self._screen
        before = screen.ends_ms if failure is None else screen.written_ms
        now = max(self.position_ms, before)
        reason = gap_reason or (failure.code if failure is not None else "")
        try:
            screen.go_on(picture, sync, now, failed=failure is not None)
        except RecordingFailed as error:
            self._failed(SCREEN, error)
            raise
        self._mark_gap(reason, before, now)

    async def settled(self) -> None:
        """Wait until the disk's thread has done everything given to it so far."""
        await self._screen.settled()

    # --- The end ----------------------------------------------------------------------

    async def finish(self) -> None:
        """Close both tracks, each as well as it can be; afterwards it can be sealed.

        Raises `RecordingFailed` when a track is in failure. A second call does nothing.
        """
        if self._finished:
            return
        self._finished = True
        for track, close in (
            (SCREEN, self._screen.close),
            (INPUT, lambda: self._journal.close(self.position_ms)),
        ):
            if track not in self._failures:
                try:
                    await close()
                except RecordingFailed as error:
                    self._failed(track, error)
        await self._teller.told()
        self._check(SCREEN)
        self._check(INPUT)

    async def abandon(self) -> None:
        """Close the files as they are (after a failure, or in a hurry); never raises."""
        self._finished = True
        abandoned = RecordingFailed("The recording was abandoned.")
        for track in (SCREEN, INPUT):
            self._failures.setdefault(track, abandoned)
        await asyncio.gather(self._screen.abandon(), self._journal.abandon())
        await self._teller.told()

    # --- Within -----------------------------------------------------------------------

    def _check(self, track: str = "") -> None:
        for failed, error in self._failures.items():
            if not track or failed == track:
                raise error
        if self._finished and not track:
            raise RecordingFailed("The recording has ended.")

    def _failed(self, track: str, error: Exception) -> None:
        """From here on the track is down; `on_failure` is told once."""
        if track in self._failures:
            return
        if not isinstance(error, RecordingFailed):
            logger.error("%s: the recorder met a fault", track, exc_info=error)
            error = RecordingFailed(f"{type(error).__name__}: {error}")
        error.track = track
        self._failures[track] = error
        if track == INPUT:
            self._journal_ends_ms = self.position_ms
            self._journal.stop_timer()
        else:
            self._screen.stop()
        logger.error("%s: %s failed: %s", self.order.folder, track, error)
        if self._on_failure is not None:
            self._on_failure(error)

    def _write_input(self, lines: bytes) -> None:
        if self._finished:
            raise RecordingFailed("The recording has ended.")
        began_ms = self.position_ms
        try:
            self._journal.write(lines)
        except Exception as error:
            self._failed(INPUT, error)
            self._journal_ends_ms = began_ms
            raise self._failures[INPUT] from error

    def _note_later(self, lines: bytes) -> None:
        kept = sum(len(other) for _at_ms, other in self._unnoted)
        if kept + len(lines) <= MAX_UNNOTED_BYTES:
            self._unnoted.append((self.position_ms, lines))

    def _mark_gap(self, reason: str, before: int, now: int) -> None:
        self.append_mark("gap", reason=reason, ms=now - before, from_ms=before)

    def _begun_before(self) -> float | None:
        """When the first picture was, on this process' clock, if another writer had it."""
        interruption = self.order.interruption
        if interruption is None:
            return None
        passed = (self._utc_now() - interruption.began_at).total_seconds()
        least = max(end.ends_ms for end in self.order.ends.values()) / 1000
        return self._monotonic() - max(passed, least)

    async def _in_thread(self, work: Callable[[], None]) -> None:
        """Work on files that may hang; given up after a while, and not begun twice."""
        if self._errand is None or self._errand.done():
            self._errand = self._loop.run_in_executor(None, work)
            mine = True
        else:
            mine = False
        done, _ = await asyncio.wait({self._errand}, timeout=STORAGE_SECONDS)
        if not done or not mine:
            raise RecordingFailed("The storage does not answer.", STORAGE_SILENT)
        self._errand.result()

    # In a thread.

    def _prepare(self) -> None:
        _require_space(self.order.root)
        self.order.check_key()
        self._journal.begin()

    def _probe(self) -> None:
        """Whether the storage takes a block and the key is there."""
        self.order.check_key()
        _require_space(self.order.root)
        folder = self.order.root / self.order.folder
        path = folder / "probe"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("wb", buffering=0) as file:
                if file.write(bytes(PROBE_BYTES)) != PROBE_BYTES:
                    raise RecordingFailed("The storage took only a part.", DISK_FULL)
                os.fdatasync(file.fileno())
        except OSError as error:
            raise refused(self.order.folder, error) from error
        finally:
            with suppress(OSError):
                path.unlink()


def _require_space(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        free = shutil.disk_usage(root).free
    except OSError as error:
        raise refused(root.name, error) from error
    if free < MIN_FREE_BYTES:
        raise RecordingFailed("The disk for recordings is full.", DISK_FULL)
