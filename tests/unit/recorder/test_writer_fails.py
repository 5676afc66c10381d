"""A recorder that cannot write: nothing goes that is not kept, and everybody hears of it."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sessions.recorder import disk, prompt_disk
from sessions.recorder import writer as writer_module
from sessions.recorder.prompt_disk import journal_disk
from sessions.recorder.scan import scan_segment
from sessions.recorder.segment import SegmentWriter
from sessions.recorder.writer import InputRecord, RecordingFailed, RecordingWriter
from tests.failing_files import hanging, refusing
from tests.unit.recorder.helpers import (
    KEY,
    frame,
    journal,
    make_order,
    names,
    started,
    until,
    until_it,
)


@pytest.fixture
def full_disk() -> Iterator[Any]:
    """Call it, and from then on no file takes another byte."""
    with ExitStack() as full:
        yield lambda: full.enter_context(refusing())


@pytest.fixture(params=["by the system", "by a thread"])
def journal_written(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways, wherever the test runs."""
    if request.param == "by a thread":
        monkeypatch.setattr(prompt_disk, "system_writes", lambda: False)
    else:
        assert journal_disk.writes


@pytest.mark.usefixtures("journal_written")
async def test_input_that_cannot_be_written_does_not_go(
    tmp_path: Path, full_disk: Any
) -> None:
    failures: list[RecordingFailed] = []
    writer = await started(tmp_path, failures)
    full_disk()
    with pytest.raises(RecordingFailed, match="No space left"):
        writer.append_input([InputRecord(7, "key", (97, 1))])
    with pytest.raises(RecordingFailed):
        writer.append_input([InputRecord(7, "key", (97, 0))])
    assert [(error.track, error.code) for error in failures] == [("input", "disk_full")]


async def test_a_screen_that_cannot_be_written_is_told_at_once(
    tmp_path: Path, full_disk: Any
) -> None:
    failures: list[RecordingFailed] = []
    writer = await started(tmp_path, failures)
    full_disk()
    writer.append_screen(
        *frame(1040, "x" * 70_000)
    )  # a full block: to the disk at once
    await until(failures)
    assert "No space left" in str(failures[0])
    assert (failures[0].track, failures[0].code) == ("screen", "disk_full")
    writer.append_screen(*frame(1080))  # not kept, and nobody is told twice
    with pytest.raises(RecordingFailed):
        await writer.finish()
    await writer.abandon()
    assert [error.track for error in failures] == ["screen", "input"]
    facts = scan_segment(tmp_path, names(tmp_path, "screen")[0], KEY)
    assert (facts.blocks, facts.closed) == (1, False)


@pytest.mark.usefixtures("journal_written")
async def test_a_file_that_may_not_grow_tears_one_block_and_keeps_the_rest(
    tmp_path: Path,
) -> None:
    """The real thing: the kernel refuses, after taking a part of the block."""
    failures: list[RecordingFailed] = []
    writer = await started(tmp_path, failures)
    for x in range(3):
        writer.append_input([InputRecord(7, "mouse", (x, 0, 0))])
    before = (tmp_path / names(tmp_path, "input")[0]).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (before + 20, hard))
    try:
        with pytest.raises(RecordingFailed):
            writer.append_input([InputRecord(7, "mouse", (99, 0, 0))])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(RecordingFailed):  # although there would be room again
        writer.append_input([InputRecord(7, "mouse", (100, 0, 0))])
    assert failures[0].code == "disk_full"
    await writer.abandon()
    facts = scan_segment(tmp_path, names(tmp_path, "input")[0], KEY)
    assert facts.torn_bytes == 20
    assert [line[3][0] for line in journal(tmp_path)[1:]] == [0, 1, 2]


async def test_a_disk_that_does_not_answer_counts_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "MAX_SECONDS_BEHIND", 0.05)
    monkeypatch.setattr(disk, "WATCH_SECONDS", 0.02)
    failures: list[RecordingFailed] = []
    writer = await started(tmp_path, failures)
    monkeypatch.setattr(SegmentWriter, "write", lambda *args: _wait())
    writer.append_screen(*frame(1040, "x" * 70_000))
    await until(failures)  # although nothing more came to notice it by
    assert (failures[0].track, failures[0].code) == ("screen", "storage_silent")
    await writer.abandon()


@pytest.mark.usefixtures("journal_written")
async def test_a_journal_that_hangs_lets_go_of_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[RecordingFailed] = []
    writer = await started(tmp_path, failures)
    other = await started(tmp_path / "other")
    monkeypatch.setattr(prompt_disk, "MAX_SECONDS", 0.05)
    with hanging("input-"):
        with pytest.raises(RecordingFailed, match="does not answer"):
            writer.append_input([InputRecord(7, "key", (97, 1))])
        with pytest.raises(
            RecordingFailed, match="does not answer"
        ):  # not waited for again
            other.append_input([InputRecord(7, "key", (97, 1))])
        with pytest.raises(RecordingFailed, match="does not answer"):
            await writer.reopen()
    monkeypatch.setattr(prompt_disk, "MAX_SECONDS", 5.0)
    await until_it(writer.reopen)
    writer.append_input([InputRecord(7, "mouse", (5, 5, 0))])
    await writer.finish()
    await other.abandon()
    assert failures[0].track == "input"
    lines = journal(tmp_path)
    gap = next(line for line in lines if line[1] == "gap")
    # What hung came to be written after all: it stands behind the point from which on
    # nothing went to the machine.
    late = [line for line in lines if line[1] == "key"]
    assert [line[3] for line in late] == [[None, 1]]
    assert all(line[0] >= gap[3]["from_ms"] for line in late)
    assert lines[-1][1] == "mouse"


async def test_a_disk_too_slow_is_not_waited_for_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "MAX_QUEUED_BYTES", 200_000)
    failures: list[RecordingFailed] = []
    writer = await started(tmp_path, failures)
    monkeypatch.setattr(SegmentWriter, "write", lambda *args: _wait())
    for sync in range(10):
        writer.append_screen(*frame(2000 + sync, "x" * 70_000))
    assert [error.code for error in failures] == ["too_slow"]
    await writer.abandon()


async def test_a_full_disk_refuses_the_session_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MIN_FREE_BYTES", 1 << 62)
    failures: list[RecordingFailed] = []
    writer = RecordingWriter(make_order(tmp_path), on_failure=failures.append)
    with pytest.raises(RecordingFailed, match="full"):
        await writer.open()
    await asyncio.sleep(0)
    assert len(failures) == 1


async def test_nothing_can_be_written_after_the_end(tmp_path: Path) -> None:
    writer = await started(tmp_path)
    await writer.finish()
    await writer.finish()
    with pytest.raises(RecordingFailed):
        writer.append_input([InputRecord(7, "key", (97, 1))])


def _wait() -> None:
    time.sleep(0.3)
