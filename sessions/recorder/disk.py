"""One track's jobs for the disk: in order, off the event loop, with bounds.

All recordings share a few threads; each track has at most one job running, so its order
holds without a thread of its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sessions.recorder.errors import STORAGE_SILENT, TOO_SLOW, RecordingFailed

logger = logging.getLogger(__name__)

THREADS = 4
MAX_QUEUED_BYTES = 16 * 1024 * 1024
MAX_SECONDS_BEHIND = 5.0
"""A disk that has not taken a block for so long counts as failed."""

WATCH_SECONDS = 0.5

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="recorder")

Job = Callable[[], object]


class DiskQueue:
    """The first job that raises, or takes too long, ends the queue: `on_failure` is called
    in the loop, once."""

    def __init__(self, on_failure: Callable[[RecordingFailed], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._jobs: deque[tuple[Job, int]] = deque()
        self._waiters: set[asyncio.Future[None]] = set()
        self._queued_bytes = 0
        self._busy_since: float | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._stopped = False

    def put(self, job: Job, size: int = 0) -> None:
        """Add a job that holds `size` bytes. Raises `RecordingFailed` when too far behind."""
        with self._lock:
            if self._stopped:
                raise RecordingFailed("The recording has ended.")
            if self._overdue():
                raise _silent()
            if size and self._queued_bytes + size > MAX_QUEUED_BYTES:
                raise RecordingFailed(
                    "The disk is too slow for this session.", TOO_SLOW
                )
            self._jobs.append((job, size))
            self._queued_bytes += size
            busy = self._busy_since is not None
            if not busy:
                self._busy_since = time.monotonic()
        if not busy:
            _pool.submit(self._run)
        if self._watch is None:
            self._watch = self._loop.call_later(WATCH_SECONDS, self._look)

    @property
    def queued_bytes(self) -> int:
        """What waits to be written."""
        return self._queued_bytes

    @property
    def idle(self) -> bool:
        """No job is running, not even one that was given up."""
        return self._busy_since is None

    async def drain(self) -> None:
        """Wait until everything put so far is done. Raises what a job raised."""
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.add(waiter)
        try:
            self.put(lambda: self._call(_resolve, waiter))
            await waiter
        finally:
            self._waiters.discard(waiter)

    async def stop(self, last: Job, timeout: float = 5.0) -> None:
        """Drop what waits, let the running job end, then run `last`; never raises."""
        self._drop()
        end = time.monotonic() + timeout
        while not self.idle and time.monotonic() < end:
            await asyncio.sleep(0.01)
        if not self.idle:
            logger.error("The disk does not answer; the recording's files stay open.")
            return
        try:
            await self._loop.run_in_executor(_pool, last)
        except Exception:  # noqa: BLE001 - the files stay as they are
            logger.exception("A recording's files were not closed")

    # In the loop.

    def _look(self) -> None:
        """Whether the running job has taken too long; nobody else may come by to notice."""
        self._watch = None
        with self._lock:
            if self._busy_since is None or self._stopped:
                return
            overdue = self._overdue()
        if overdue:
            self._drop()
            self._tell_failure(_silent())
        else:
            self._watch = self._loop.call_later(WATCH_SECONDS, self._look)

    def _overdue(self) -> bool:
        since = self._busy_since
        return since is not None and time.monotonic() - since > MAX_SECONDS_BEHIND

    def _drop(self) -> None:
        with self._lock:
            self._stopped = True
            self._jobs.clear()
            self._queued_bytes = 0

    def _tell_failure(self, error: RecordingFailed) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(error)
        self._on_failure(error)

    # In the thread.

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._busy_since = None
                    return
                job, size = self._jobs.popleft()
                self._busy_since = time.monotonic()
            try:
                job()
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing is recorded any more
                self._fail(error)
                return
            del job
            with self._lock:
                self._queued_bytes = max(0, self._queued_bytes - size)

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, RecordingFailed):
            logger.error("The recorder met an unexpected fault.", exc_info=error)
            error = RecordingFailed(f"{type(error).__name__}: {error}")
        told = self._stopped
        self._drop()
        with self._lock:
            self._busy_since = None
        if not told:
            self._call(self._tell_failure, error)

    def _call(self, function: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            logger.warning("The event loop ended before its recording did.")


def _silent() -> RecordingFailed:
    return RecordingFailed("The disk does not answer.", STORAGE_SILENT)


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
