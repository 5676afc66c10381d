"""Files that take nothing, or take it late, in this process, for whoever writes them."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sessions.recorder import prompt_disk
from sessions.recorder.errors import RecordingFailed
from sessions.recorder.prompt_disk import PromptDisk, journal_disk
from sessions.recorder.system_write import SystemWrite


@contextmanager
def refusing(where: str = "", error: int = errno.ENOSPC) -> Iterator[None]:
    """Files whose name contains `where` take not another byte."""
    real, journal = os.write, PromptDisk.write

    def check(file: int) -> None:
        if where in _name(file):
            raise OSError(error, os.strerror(error))

    def refuse(file: int, data: bytes) -> int:
        check(file)
        return real(file, data)

    def refuse_journal(disk: PromptDisk, file: int, data: bytes) -> int:
        check(file)
        return journal(disk, file, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", refuse)
        patch.setattr(PromptDisk, "write", refuse_journal)
        yield


@contextmanager
def hanging(where: str) -> Iterator[None]:
    """What goes to files whose name contains `where` comes there when this has ended.

    A write by the system hangs for real, at a pipe that is full.
    """
    answers, real = threading.Event(), os.write
    out, into = full_pipe()

    def hang(file: int, data: bytes) -> int:
        if where in _name(file):
            answers.wait(30)
        return real(file, data)

    class LateWrite(SystemWrite):
        def __init__(self, file: int, data: bytes) -> None:
            self._late = (file, data) if where in _name(file) else None
            super().__init__(into if self._late else file, data)

        def wait(self, seconds: float) -> int | None:
            written = super().wait(seconds)
            if written is None or self._late is None:
                return written
            return real(*self._late)

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "write", hang)
            patch.setattr(prompt_disk, "SystemWrite", LateWrite)
            yield
    finally:
        answers.set()
        empty_pipe(out)
        wait_for_journal()
        os.close(into)
        os.close(out)


def full_pipe() -> tuple[int, int]:
    """Its two ends; a write to the second hangs until `empty_pipe` of the first."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    try:
        while True:
            os.write(into, bytes(4096))
    except BlockingIOError:
        os.set_blocking(into, True)
    return out, into


def empty_pipe(out: int) -> None:
    """Take out what `full_pipe` put in."""
    os.read(out, 1 << 20)


def wait_for_journal(disk: PromptDisk = journal_disk) -> None:
    """Until it answers again."""
    for _attempt in range(3000):
        try:
            return disk.run(lambda: None)
        except RecordingFailed:
            threading.Event().wait(0.01)
    raise AssertionError("The journal's disk still hangs.")


def _name(file: int) -> str:
    return os.readlink(f"/proc/self/fd/{file}")
