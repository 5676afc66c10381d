"""Small writes that the event loop waits for, but never for long.

The journal must be written before an instruction goes upstream, so the loop waits for it.
A storage that hangs (a network drive that is gone, a frozen file system) would keep the
whole broker waiting with it, ends and releases included. So the write is done by another
thread, and the loop gives up after a bound: that is a failure of the recording. While the
write hangs everybody else is refused at once, so the loop waits only once.

A block is written by the C library's thread (`system_write`), because one of ours would
have to wait for the interpreter; what is more than a write, or where that library has no
such thread, is done by ours.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from sessions.recorder.errors import (
    STORAGE_SILENT,
    RecordingFailed,
    StillWriting,
)
from sessions.recorder.system_write import SystemWrite, system_writes

MAX_SECONDS = 1.0
PATIENT_SECONDS = 60.0


class PromptDisk:
    """One job at a time, by one thread; that costs about 25 us more than doing it oneself."""

    def __init__(self) -> None:
        self._callers = threading.Lock()
        self._wake, self._done = threading.Lock(), threading.Lock()
        self._wake.acquire()
        self._done.acquire()
        self._job: Callable[[], object] | None = None
        self._error: Exception | None = None
        self._silent = False
        self._thread: threading.Thread | None = None

    @property
    def writes(self) -> bool:
        """Whether `write` can be used here; where not, `run` has to do."""
        return system_writes()

    def write(self, file: int, data: bytes) -> int:
        """As `os.write` to a file opened to append to; needs no other turn of the interpreter.

        Raises OSError; `RecordingFailed` when an earlier job still hangs; `StillWriting` when
        this one takes too long: then the file is closed here, when the write has ended.
        """
        with self._callers:
            self._answering()
            begun = SystemWrite(file, data)
            written = begun.wait(MAX_SECONDS)
            if written is None:
                self._give(lambda: _end(begun, file))
                self._silent = True
                raise StillWriting
            return written

    def run(self, job: Callable[[], object]) -> None:
        """Do it; raises what it raises, or `RecordingFailed` when it takes too long.

        A job that took too long may still be done later: whoever gave it must not rely on
        its not having happened.
        """
        with self._callers:
            self._answering()
            self._give(job)
            if not self._done.acquire(timeout=MAX_SECONDS):
                self._silent = True
                raise _silent()
            error = self._error
        if error is not None:
            raise error

    def _answering(self) -> None:
        """Raises while what was given up still hangs."""
        if self._silent and not self._done.acquire(blocking=False):
            raise _silent()
        self._silent, self._error = False, None

    def _give(self, job: Callable[[], object]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="journal", daemon=True
            )
            self._thread.start()
        self._job = job
        self._wake.release()

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


def _end(begun: SystemWrite, file: int) -> None:
    """Wait for a write that was given up, however long it takes."""
    try:
        while begun.wait(PATIENT_SECONDS) is None:
            pass
    finally:
        os.close(file)


def _silent() -> RecordingFailed:
    return RecordingFailed("The storage does not answer.", STORAGE_SILENT)


journal_disk = PromptDisk()
"""The one of this process: all recordings lie on one storage."""
