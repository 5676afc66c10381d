"""The journal's writes: by the C library, without a turn of the interpreter, and never lost."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sessions.recorder import prompt_disk, system_write
from sessions.recorder.errors import STORAGE_SILENT, RecordingFailed, StillWriting
from sessions.recorder.prompt_disk import PromptDisk
from sessions.recorder.system_write import SystemWrite, system_writes
from sessions.recorder.writer import InputRecord, RecordingWriter
from tests.failing_files import empty_pipe, full_pipe, wait_for_journal
from tests.unit.recorder.helpers import make_order, picture

PATIENT = 20.0


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    """Opened as a segment is."""
    opened = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    yield opened
    os.close(opened)


def test_what_is_written_stands_at_the_end_of_the_file(file: int) -> None:
    pieces = [bytes([number]) * (number * 37) for number in range(1, 100)]
    assert [SystemWrite(file, piece).wait(PATIENT) for piece in pieces] == [
        len(piece) for piece in pieces
    ]
    whole = b"".join(pieces)
    assert os.pread(file, len(whole) + 1, 0) == whole


@pytest.mark.parametrize(
    ("name", "mode", "number"),
    [
        ("/dev/full", os.O_WRONLY, errno.ENOSPC),
        ("/dev/null", os.O_RDONLY, errno.EBADF),
    ],
)
def test_what_the_kernel_refuses_is_an_error(name: str, mode: int, number: int) -> None:
    file = os.open(name, mode)
    try:
        with pytest.raises(OSError, match=os.strerror(number)) as refused:
            PromptDisk().write(file, b"a line")
    finally:
        os.close(file)
    assert refused.value.errno == number


def test_a_write_that_hangs_is_waited_for_elsewhere_and_its_file_stays_open(
    file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = PromptDisk()
    out, into = full_pipe()
    monkeypatch.setattr(prompt_disk, "MAX_SECONDS", 0.05)
    with pytest.raises(StillWriting) as silent:
        journal.write(into, b"late")
    assert silent.value.code == STORAGE_SILENT
    monkeypatch.setattr(prompt_disk, "MAX_SECONDS", PATIENT)
    for refused in (
        lambda: journal.write(file, b"other"),
        lambda: journal.run(lambda: os.write(file, b"other")),
    ):
        with pytest.raises(RecordingFailed) as at_once:
            refused()
        assert not isinstance(at_once.value, StillWriting)
    os.fstat(into)  # nobody else gets its number
    empty_pipe(out)
    wait_for_journal(journal)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(into)
    rest = b""
    while piece := os.read(out, 1 << 20):
        rest += piece
    os.close(out)
    assert rest.endswith(b"late")
    assert journal.write(file, b"again") == 5
    assert os.pread(file, 20, 0) == b"again"


def test_a_c_library_without_it_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Without:
        """Has none of the functions."""

    class Wrong:
        """Says it was done, and nothing is there."""

        aio_write = aio_suspend = aio_error = staticmethod(lambda *_arguments: 0)
        aio_return = staticmethod(lambda *_arguments: 5)

    assert system_writes()
    for library in (Without(), Wrong()):
        monkeypatch.setattr(system_write, "_held", library)
        assert not system_writes.__wrapped__()


async def test_a_key_is_journalled_without_giving_the_interpreter_away(
    tmp_path: Path,
) -> None:
    writer = RecordingWriter(make_order(tmp_path))
    await writer.open()
    await writer.start(picture(1000), 1000)
    key = InputRecord(7, "key", (97, 1))
    with many_computing() as rounds:
        undisturbed = 0
        for _key in range(40):
            before = rounds()
            writer.append_input([key])
            undisturbed += before == rounds()
    await writer.finish()
    # Now and then the disk is slow, or it is the other one's turn anyway.
    assert undisturbed > 20


@contextmanager
def many_computing() -> Iterator[Callable[[], int]]:
    """Threads that take every turn they can get; tells how many rounds they came."""
    done, rounds, turn = threading.Event(), [0], sys.getswitchinterval()

    def compute() -> None:
        while not done.is_set():
            rounds[0] += 1

    threads = [threading.Thread(target=compute) for _number in range(8)]
    sys.setswitchinterval(0.005)
    for thread in threads:
        thread.start()
    try:
        yield lambda: rounds[0]
    finally:
        done.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(turn)
