"""A recording that failed and came back: a stated gap, one chain, and time that goes on."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sessions.recorder.clock_watch import ClockWatch, first_picture_at
from sessions.recorder.container import INPUT, SCREEN
from sessions.recorder.manifest import build_manifest
from sessions.recorder.order import Interruption, TrackEnd
from sessions.recorder.scan import scan_segment
from sessions.recorder.segment import SegmentFacts
from sessions.recorder.verification import check_segments
from sessions.recorder.writer import InputRecord, RecordingFailed, RecordingWriter
from tests.failing_files import refusing
from tests.unit.recorder.helpers import (
    KEY,
    frame,
    make_order,
    names,
    picture,
    plain_of,
    plain_until_torn,
    until,
    until_it,
)


class Clocks:
    """Ours (monotonic), the time of day, and guacd's: each can be set."""

    def __init__(self) -> None:
        self.at = 0.0
        self.utc = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)

    def pass_by(self, seconds: float) -> None:
        self.at += seconds
        self.utc += timedelta(seconds=seconds)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


async def begun(
    root: Path, clocks: Clocks, failures: list[RecordingFailed], **fields: Any
) -> RecordingWriter:
    writer = RecordingWriter(
        make_order(root, **fields),
        failures.append,
        monotonic=lambda: clocks.at,
        utc_now=lambda: clocks.utc,
    )
    await writer.open()
    await writer.start(picture(1000), 1000)
    return writer


def journal(root: Path) -> list[Any]:
    plain = b"".join(plain_until_torn(root, name) for name in names(root, "input"))
    return [json.loads(line) for line in plain.splitlines()]


def verified(root: Path) -> list[SegmentFacts]:
    """Everything there is, checked as one recording: chains, digests, every block."""
    facts = [scan_segment(root, name, KEY) for name in names(root)]
    manifest = build_manifest(
        recording="0b7d2a52-0000-4000-8000-000000000001", session="", key_id="",
        complete=False, reason="", segments=facts, missing=[],
    )  # fmt: skip
    report = check_segments(manifest, KEY, lambda name: (root / name).open("rb"))
    assert report.findings == []
    return facts


async def fail_screen(writer: RecordingWriter, failures: list[RecordingFailed]) -> None:
    with refusing("screen-"):
        writer.append_screen(*frame(3000, "x" * 70_000))
        await until(failures)


async def come_back(writer: RecordingWriter, sync: int) -> None:
    """As the actor does it: reopen, a picture beside the stream, then on from it."""
    await until_it(writer.reopen)
    writer.begin_cut()
    writer.append_screen(*frame(sync - 40))
    writer.append_screen(*frame(sync))
    writer.append_screen(*frame(sync + 40))
    assert writer.has_seen(sync)
    writer.resume(picture(sync), sync)
    await writer.settled()


async def test_a_screen_comes_back_in_a_new_segment_behind_a_stated_gap(
    tmp_path: Path, clocks: Clocks
) -> None:
    failures: list[RecordingFailed] = []
    writer = await begun(tmp_path, clocks, failures)
    clocks.pass_by(2)
    await fail_screen(writer, failures)
    writer.append_input([InputRecord(7, "mouse", (1, 1, 0))])  # the journal still works
    clocks.pass_by(8)
    await come_back(writer, 11_000)
    clocks.pass_by(1)
    writer.append_screen(*frame(12_000))
    await writer.finish()
    old, new = (one for one in verified(tmp_path) if one.track == SCREEN)
    assert (old.ends_ms, new.starts_ms, new.ends_ms) == (0, 10_000, 11_000)
    assert new.previous == old.chain
    shown = plain_of(tmp_path, new.name).decode()
    assert shown == picture(11_000) + frame(11_040)[0] + frame(12_000)[0]
    gap = next(line for line in journal(tmp_path) if line[1] == "gap")
    assert gap[3] == {"reason": "disk_full", "ms": 10_000, "from_ms": 0}
    assert [error.track for error in failures] == [SCREEN]


async def test_a_journal_comes_back_and_what_happened_meanwhile_is_noted(
    tmp_path: Path, clocks: Clocks
) -> None:
    failures: list[RecordingFailed] = []
    writer = await begun(tmp_path, clocks, failures)
    clocks.pass_by(2)
    with refusing("input-"), pytest.raises(RecordingFailed):
        writer.append_input([InputRecord(7, "key", (97, 1))])
    writer.note_later([InputRecord(7, "release", (-1,))])
    clocks.pass_by(1)
    writer.append_mark("left", 7, role="owner")
    clocks.pass_by(3)
    writer.append_screen(*frame(7000))  # the screen is recorded all the time
    await until_it(writer.reopen)
    writer.append_input([InputRecord(7, "key", (98, 1))])
    await writer.finish()
    assert [line[:3] for line in journal(tmp_path)] == [
        [0, "opened", None],
        [2000, "release", 7],
        [3000, "left", 7],
        [6000, "gap", None],
        [6000, "key", 7],
    ]
    gap = journal(tmp_path)[3][3]
    assert gap == {
        "track": "input", "reason": "disk_full", "from_ms": 2000, "ms": 4000,
    }  # fmt: skip
    first, second = (one for one in verified(tmp_path) if one.track == INPUT)
    assert second.previous == first.chain
    assert [one.number for one in verified(tmp_path) if one.track == SCREEN] == [1]


async def test_a_torn_block_stays_as_it_is_and_the_chain_goes_on_behind_it(
    tmp_path: Path, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[RecordingFailed] = []
    writer = await begun(tmp_path, clocks, failures)
    real = os.write
    monkeypatch.setattr(
        "sessions.recorder.segment.os.write", lambda file, data: real(file, data[:30])
    )
    writer.append_screen(*frame(2000, "x" * 70_000))
    await until(failures)
    monkeypatch.setattr("sessions.recorder.segment.os.write", real)
    clocks.pass_by(5)
    await come_back(writer, 6000)
    await writer.finish()
    old, new = (one for one in verified(tmp_path) if one.track == SCREEN)
    assert (old.torn_bytes, old.closed, new.closed) == (30, False, True)
    assert new.previous == old.chain


async def test_a_storage_that_still_refuses_leaves_nothing_behind(
    tmp_path: Path, clocks: Clocks
) -> None:
    failures: list[RecordingFailed] = []
    writer = await begun(tmp_path, clocks, failures)
    await fail_screen(writer, failures)
    for _attempt in range(3):
        with refusing("screen-"), pytest.raises(RecordingFailed):
            await come_back(writer, 5000)
    assert len(names(tmp_path, "screen")) == 1
    await come_back(writer, 9000)
    await writer.finish()
    assert [one.number for one in verified(tmp_path) if one.track == SCREEN] == [1, 2]


async def test_a_key_that_is_gone_is_noticed_with_the_next_segment(
    tmp_path: Path, clocks: Clocks
) -> None:
    there = True

    def check() -> None:
        if not there:
            raise RecordingFailed("The key is gone.", "key_missing")

    failures: list[RecordingFailed] = []
    writer = await begun(tmp_path, clocks, failures, check_key=check)
    there = False
    writer.begin_cut()
    writer.append_screen(*frame(2000))
    writer.rotate(picture(2000), 2000)
    await until(failures)
    assert failures[0].code == "key_missing"
    with pytest.raises(RecordingFailed):
        await writer.reopen()
    there = True
    await come_back(writer, 3000)
    await writer.finish()
    assert [one.closed for one in verified(tmp_path)] == [True, True, True]


async def test_a_time_of_day_that_is_set_ends_the_segment_and_no_position_moves(
    tmp_path: Path, clocks: Clocks
) -> None:
    failures: list[RecordingFailed] = []
    writer = await begun(tmp_path, clocks, failures)
    clocks.pass_by(10)
    assert writer.check_clock() == 0
    clocks.pass_by(9)
    writer.append_screen(*frame(20_000))
    clocks.utc -= timedelta(hours=1)
    clocks.pass_by(1)
    assert writer.check_clock() == pytest.approx(-3600)
    assert writer.check_clock() == 0  # said once
    assert [(one.track, one.code) for one in failures] == [(SCREEN, "portal_clock")]
    writer.append_input([InputRecord(7, "mouse", (1, 1, 0))])  # the journal still works
    clocks.pass_by(2)
    await come_back(writer, 23_000)
    assert writer.check_clock() == 0
    await writer.finish()
    leapt, moved, gap = journal(tmp_path)[1:]
    assert leapt[:2] == [20_000, "clock"]
    assert leapt[3] == {"leapt_ms": -3_600_000, "utc": "2026-11-23T05:00:20.000+00:00"}
    assert moved[0] == 20_000
    assert gap[3] == {"reason": "portal_clock", "ms": 3_000, "from_ms": 19_000}
    facts = verified(tmp_path)
    old, new = (one for one in facts if one.track == SCREEN)
    assert (old.closed, old.ends_ms, new.starts_ms) == (True, 19_000, 22_000)
    assert (old.started_at[11:19], new.started_at[11:19]) == ("06:00:00", "05:00:22")
    # Whoever goes on with it reckons with the new time of day.
    assert first_picture_at(facts) == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert first_picture_at([old]) == datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def test_a_process_that_stood_still_while_it_looked_is_no_clock_that_was_set(
    clocks: Clocks,
) -> None:
    """SIGSTOP, or a machine that is busy, between the one clock and the other."""
    stands_still = iter([0, 0, 5, 0])

    def utc_now() -> datetime:
        said = clocks.utc
        clocks.pass_by(next(stands_still))
        return said

    watch = ClockWatch(lambda: clocks.at, utc_now)
    assert watch.leap() == 0
    assert watch.leap() == 0
    assert next(stands_still, None) is None


@pytest.mark.parametrize("leap", [-5_000, 3_600_000, -3_600_000])
async def test_guacds_clock_may_not_leap_for_positions_rest_on_it(
    tmp_path: Path, clocks: Clocks, leap: int
) -> None:
    failures: list[RecordingFailed] = []
    writer = await begun(tmp_path, clocks, failures)
    clocks.pass_by(10)
    writer.append_screen(*frame(11_000))
    clocks.pass_by(1)
    writer.append_screen(*frame(12_000 + leap))
    assert [error.code for error in failures] == ["guacd_clock"]
    clocks.pass_by(2)
    await come_back(writer, 14_000 + leap)
    clocks.pass_by(1)
    writer.append_screen(*frame(15_000 + leap))
    await writer.finish()
    old, new = (one for one in verified(tmp_path) if one.track == SCREEN)
    assert (old.ends_ms, new.starts_ms, new.ends_ms) == (10_000, 13_000, 14_000)


async def test_a_recording_goes_on_in_another_process(
    tmp_path: Path, clocks: Clocks
) -> None:
    """The first writer's process died; the second knows only the files."""
    failures: list[RecordingFailed] = []
    first = await begun(tmp_path, clocks, failures)
    clocks.pass_by(4)
    first.append_input([InputRecord(7, "mouse", (1, 1, 0))])
    first.append_screen(*frame(5000, "x" * 70_000))
    await first.settled()
    began_at = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    ends = {}
    for name in names(tmp_path):
        facts = scan_segment(tmp_path, name, KEY)
        ends[facts.track] = TrackEnd(facts.number, facts.chain, facts.ends_ms)
    clocks.pass_by(6)
    clocks.at = 77.0  # another process, another monotonic clock
    second = RecordingWriter(
        make_order(tmp_path, ends=ends, interruption=Interruption(began_at, "broker_lost")),
        failures.append,
        monotonic=lambda: clocks.at,
        utc_now=lambda: clocks.utc,
    )  # fmt: skip
    await second.open()
    await second.start(picture(11_000), 11_000)
    second.append_input([InputRecord(7, "mouse", (2, 2, 0))])
    await second.finish()
    await first.abandon()
    old, new = (one for one in verified(tmp_path) if one.track == SCREEN)
    assert (old.ends_ms, new.starts_ms, new.number) == (4000, 10_000, 2)
    gap = next(line for line in journal(tmp_path) if line[1] == "gap")
    assert gap == [
        10_000, "gap", None, {"reason": "broker_lost", "ms": 6000, "from_ms": 4000},
    ]  # fmt: skip
