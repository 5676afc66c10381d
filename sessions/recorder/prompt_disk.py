"""Small writes that the event loop waits for, but never for long.

The journal must be written before an instruction goes upstream, so the loop waits for it.
A storage that hangs (a network drive that is gone, a frozen file system) would keep the
whole broker waiting with it, ends and releases included. So the write is done by a thread
of its own, and the loop gives up after a bound: that is a failure of the recording. While
the thread hangs everybody else is refused at once, so the loop waits only once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from sessions.recorder.errors import STORAGE_SILENT, RecordingFailed

MAX_SECONDS = 1.0


class PromptDisk:
    """One thread, one job at a time; costs about 25 us more than doing it oneself."""

    def __init__(self) -> None:
        self._callers = threading.Lock()
        self._wake, self._done = threading.Lock(), threading.Lock()
        self._wake.acquire()
        self._done.acquire()
        self._job: Callable[[], object] | None = None
        self._error: Exception | None = None
        self._silent = False
        self._thread: threading.Thread | None = None

    def run(self, job: Callable[[], object]) -> None:
        """Do it; raises what it raises, or `RecordingFailed` when it takes too long.

        A job that took too long may still be done later: whoever gave it must not rely on
        its not having happened.
        """
        with self._callers:
            if self._silent and not self._done.acquire(blocking=False):
                raise _silent()
            self._silent, self._error = False, None
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="journal", daemon=True
                )
                self._thread.start()
            self._job = job
            self._wake.release()
            if not self._done.acquire(timeout=MAX_SECONDS):
                self._silent = True
                raise _silent()
            error = self._error
        if error is not None:
            raise error

    def _work(self) -> None:
        while True:
            self._wake.acquire()
            job, self._job = self._job, None
            try:
                assert job is not None
                job()
            except Exception as error:  # noqa: BLE001 - for the caller to judge
                self._error = error
            del job
            self._done.release()


def _silent() -> RecordingFailed:
    return RecordingFailed("The storage does not answer.", STORAGE_SILENT)


journal_disk = PromptDisk()
"""The one of this process: all recordings lie on one storage."""
