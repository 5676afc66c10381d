"""The recorder of a live session: what it was given is kept, or everybody hears of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sessions.recorder import screen_track
from sessions.recorder.container import chain_hash
from sessions.recorder.scan import scan_segment
from sessions.recorder.segment import SegmentFacts
from sessions.recorder.writer import InputRecord, RecordingWriter
from tests.unit.recorder.helpers import (
    KEY,
    frame,
    journal,
    make_order,
    names,
    picture,
    plain_of,
    plain_until_torn,
    started,
)


class RememberingLedger:
    def __init__(self) -> None:
        self.told: list[tuple[str, SegmentFacts]] = []

    def segment_opened(self, recording_id: int, facts: SegmentFacts) -> None:
        self.told.append(("opened", facts))

    def segment_closed(self, recording_id: int, facts: SegmentFacts) -> None:
        self.told.append(("closed", facts))


def screen(root: Path, number: int = 1) -> str:
    return plain_of(root, names(root, "screen")[number - 1]).decode()


async def test_a_session_comes_back_instruction_for_instruction(tmp_path: Path) -> None:
    writer = await started(tmp_path)
    given = picture(1000)
    for sync in range(1040, 6000, 40):
        text, syncs = frame(sync, "é𝄞;,")
        writer.append_screen(text, syncs)
        given += text
    await writer.finish()
    assert screen(tmp_path) == given
    facts = scan_segment(tmp_path, names(tmp_path, "screen")[0], KEY)
    assert facts.closed
    assert (facts.first_sync, facts.last_sync, facts.ends_ms) == (1000, 5960, 4960)


async def test_the_picture_is_on_the_disk_before_start_returns(tmp_path: Path) -> None:
    await started(tmp_path)
    assert plain_until_torn(tmp_path, names(tmp_path, "screen")[0]).decode() == picture(
        1000
    )


async def test_input_is_in_the_file_when_the_call_returns(tmp_path: Path) -> None:
    writer = await started(tmp_path)
    writer.append_input(
        [InputRecord(7, "mouse", (10, 20, 1)), InputRecord(7, "key", (97, 1))]
    )
    assert [line[1:] for line in journal(tmp_path)[1:]] == [
        ["mouse", 7, [10, 20, 1]],
        ["key", 7, [None, 1]],
    ]


async def test_keys_have_values_only_where_the_site_says_so(tmp_path: Path) -> None:
    writer = await started(tmp_path, record_key_values=True)
    writer.append_input(
        [InputRecord(7, "key", (97, 1)), InputRecord(7, "release", (97,))]
    )
    assert [line[3] for line in journal(tmp_path)[1:]] == [[97, 1], [97]]


async def test_a_key_that_was_released_for_somebody_is_not_named_either(
    tmp_path: Path,
) -> None:
    writer = await started(tmp_path)
    writer.append_input(
        [InputRecord(7, "release", (97,)), InputRecord(7, "release", (-1,))]
    )
    assert [line[3] for line in journal(tmp_path)[1:]] == [[None], [-1]]


async def test_an_unknown_kind_is_a_mistake_of_ours(tmp_path: Path) -> None:
    writer = await started(tmp_path)
    with pytest.raises(ValueError, match="not a kind"):
        writer.append_input([InputRecord(7, "telepathy", ())])
    with pytest.raises(ValueError, match="not a kind"):
        writer.append_mark("telepathy")


async def test_a_block_is_written_after_a_second_of_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_track, "BLOCK_SECONDS", 0.02)
    writer = await started(tmp_path)
    writer.append_screen(*frame(1040))
    await asyncio.sleep(0.2)
    assert (
        plain_until_torn(tmp_path, names(tmp_path, "screen")[0])
        .decode()
        .endswith(frame(1040)[0])
    )


async def test_a_segment_changes_at_a_sync_that_has_passed(tmp_path: Path) -> None:
    writer = await started(tmp_path)
    writer.append_screen(*frame(1040))
    writer.begin_cut()
    assert writer.cutting
    first, second = frame(1080), frame(1120)
    writer.append_screen(
        first[0] + second[0], [first[1][0], (len(first[0]) + second[1][0][0], 1120)]
    )
    writer.append_screen(*frame(1160))
    writer.rotate(picture(1080), 1080)
    assert not writer.cutting
    writer.append_screen(*frame(1200))
    await writer.finish()
    assert (
        screen(tmp_path, 2)
        == picture(1080) + frame(1120)[0] + frame(1160)[0] + frame(1200)[0]
    )
    old, new = (scan_segment(tmp_path, name, KEY) for name in names(tmp_path, "screen"))
    assert (old.last_sync, old.ends_ms) == (1080, 80)
    assert (new.first_sync, new.starts_ms, new.ends_ms) == (1080, 80, 200)
    assert new.previous == chain_hash(old.previous, old.stored_sha256) == old.chain


async def test_a_segment_changes_at_a_sync_still_to_come(tmp_path: Path) -> None:
    writer = await started(tmp_path)
    writer.begin_cut()
    writer.append_screen(*frame(1040))
    writer.rotate(picture(1120), 1120)
    assert writer.cutting
    writer.append_screen(*frame(1080))
    both = frame(1120)[0] + frame(1160)[0]
    writer.append_screen(both, [(len(frame(1120)[0]), 1120), (len(both), 1160)])
    await writer.finish()
    assert (
        screen(tmp_path, 1)
        == picture(1000) + frame(1040)[0] + frame(1080)[0] + frame(1120)[0]
    )
    assert screen(tmp_path, 2) == picture(1120) + frame(1160)[0]


async def test_a_cut_whose_sync_never_comes_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_track, "CUT_SECONDS", 0.02)
    writer = await started(tmp_path)
    writer.begin_cut()
    writer.rotate(picture(9999), 9999)
    await asyncio.sleep(0.1)
    assert not writer.cutting
    writer.append_screen(*frame(1040))
    await writer.finish()
    assert len(names(tmp_path, "screen")) == 1


async def test_a_segment_wants_to_end_by_size_and_by_age(tmp_path: Path) -> None:
    now = {"at": 0.0}
    writer = RecordingWriter(make_order(tmp_path), monotonic=lambda: now["at"])
    await writer.open()
    await writer.start(picture(1000), 1000)
    assert not writer.wants_rotation
    now["at"] = 300.0
    assert writer.wants_rotation
    assert writer.position_ms == 300_000
    large = await started(tmp_path / "large", segment_bytes=1000)
    large.append_screen(*frame(1040, "x" * 1000))
    assert large.wants_rotation


async def test_a_change_of_segment_that_failed_is_not_tried_again_at_once(
    tmp_path: Path,
) -> None:
    now = {"at": 0.0}
    writer = RecordingWriter(make_order(tmp_path), monotonic=lambda: now["at"])
    await writer.open()
    await writer.start(picture(1000), 1000)
    now["at"] = 300.0
    assert writer.wants_rotation
    writer.begin_cut()
    writer.abandon_cut()
    assert not writer.wants_rotation
    now["at"] = 316.0
    assert writer.wants_rotation


async def test_an_interruption_is_stated_and_time_goes_on(tmp_path: Path) -> None:
    now = {"at": 0.0}
    writer = RecordingWriter(make_order(tmp_path), monotonic=lambda: now["at"])
    await writer.open()
    await writer.start(picture(1000), 1000)
    writer.append_screen(*frame(3000))
    now["at"] = 10.0
    writer.resume(picture(55_000), 55_000, gap_reason="broker lost")
    writer.append_screen(*frame(56_000))
    await writer.finish()
    old, new = (scan_segment(tmp_path, name, KEY) for name in names(tmp_path, "screen"))
    assert (old.ends_ms, new.starts_ms, new.ends_ms) == (2000, 10_000, 11_000)
    assert journal(tmp_path)[1] == [
        10_000, "gap", None, {"reason": "broker lost", "ms": 8000, "from_ms": 2000},
    ]  # fmt: skip


async def test_the_ledger_hears_of_each_segment_in_order(tmp_path: Path) -> None:
    ledger = RememberingLedger()
    writer = await started(tmp_path, ledger=ledger)
    writer.begin_cut()
    writer.append_screen(*frame(1040))
    writer.rotate(picture(1040), 1040)
    await writer.finish()
    assert [(what, facts.track, facts.number) for what, facts in ledger.told] == [
        ("opened", "input", 1),
        ("opened", "screen", 1),
        ("closed", "screen", 1),
        ("opened", "screen", 2),
        ("closed", "screen", 2),
        ("closed", "input", 1),
    ]


async def test_a_ledger_that_fails_does_not_end_the_recording(tmp_path: Path) -> None:
    class BrokenLedger:
        def segment_opened(self, recording_id: int, facts: SegmentFacts) -> None:
            raise OSError("no database")

        segment_closed = segment_opened

    writer = await started(tmp_path, ledger=BrokenLedger())
    writer.append_screen(*frame(1040))
    await writer.finish()
    assert screen(tmp_path).endswith(frame(1040)[0])


async def test_the_input_track_turns_over_without_losing_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.recorder.input_track.SEGMENT_BYTES", 200)
    writer = await started(tmp_path)
    for x in range(50):
        writer.append_input([InputRecord(7, "mouse", (x, 0, 0))])
    await writer.finish()
    assert [line[3][0] for line in journal(tmp_path)[1:]] == list(range(50))
    facts = [scan_segment(tmp_path, name, KEY) for name in names(tmp_path, "input")]
    assert len(facts) > 3
    assert all(
        later.previous == one.chain
        for one, later in zip(facts, facts[1:], strict=False)
    )
