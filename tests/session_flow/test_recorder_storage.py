"""No recording, no input: a storage that is taken away, a key that is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from accessportal import keys
from accessportal.accounts.models import User
from accessportal.plants.models import Asset, Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, Recording
from sessions.services.recording import seal_recording
from tests.failing_files import refusing
from tests.session_flow.evidence import keys_heard, unrecorded
from tests.session_flow.fake_guacd import FakeConnection, FakeGuacd
from tests.session_flow.recorder_kit import (
    asset,
    busy,
    check,
    end_and_seal,
    fails,
    sealed,
    window,
    works_again,
)
from tests.session_flow.tunnel_kit import Bench, Tunnel

__all__ = ["asset", "window"]  # the fixtures


async def test_a_storage_that_is_taken_away_is_noticed_although_writes_still_work(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    asset: FakeConnection,
    tmp_path: Path,
) -> None:
    await console.hold(97, asset)
    place, elsewhere = tmp_path / "recordings", tmp_path / "elsewhere"
    place.rename(elsewhere)
    place.write_text("not a folder")
    await console.send("key", 98, 1)
    await fails(console)
    row = await bench.until(live, lambda row: row.recording_failed_at)
    assert row.frozen_cause == "recording"
    place.unlink()
    elsewhere.rename(place)
    await works_again(console, asset, 99)
    recording = await end_and_seal(bench, console, live)
    assert await sync_to_async(unrecorded)(asset, live) == []
    gaps = recording.manifest["gaps"] + recording.manifest["journal_gaps"]
    assert {gap["reason"] for gap in gaps} == {"storage_refuses"}
    assert await check(recording) == []


async def test_files_that_never_come_back_are_missing_and_said_to_be(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    asset: FakeConnection,
    tmp_path: Path,
) -> None:
    await Asset.objects.aupdate(on_record_failure="end")
    await bench.next_look(live)
    shutil.rmtree(tmp_path / "recordings")
    await console.send("key", 98, 1)
    assert (await console.word("ended"))["reason"] == "recording_failed"
    recording = await sealed(bench, live)
    assert recording.state == Recording.State.INCOMPLETE
    assert recording.manifest["missing"] != []
    assert "segment_missing" in await check(recording)


@pytest.fixture
def keys_here(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """Keys of this test's own, to be lost."""
    settings.KEYS_DIR = shutil.copytree(settings.KEYS_DIR, tmp_path / "keys")
    keys.forget_keys()
    yield settings.KEYS_DIR
    keys.forget_keys()


async def test_a_key_that_is_rotated_away_stops_input_until_it_is_back(
    keys_here: Path, bench: Bench, console: Tunnel, live: BrokeredSession, asset: FakeConnection
) -> None:  # fmt: skip
    await console.hold(97, asset)
    key = (keys_here / "recordings").read_text()
    (keys_here / "recordings").unlink()
    actor = bench.broker.actors[str(live.pk)]
    assert actor.writer is not None
    actor.writer._screen._began -= (
        3600  # the segment is old: the next one wants the key
    )
    await fails(console)
    await console.until(lambda: ("97", "0") in keys_heard(asset))
    (keys_here / "recordings").write_text(key)
    await works_again(console, asset, 99)
    recording = await end_and_seal(bench, console, live)
    assert [gap["reason"] for gap in recording.manifest["gaps"]] == ["key_missing"]
    assert await sync_to_async(unrecorded)(asset, live) == []
    assert await check(recording) == []


@pytest.mark.parametrize("fault", ["no folder", "no key"])
async def test_without_a_recorder_nothing_is_ever_shown(
    keys_here: Path,
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    fake_guacd: FakeGuacd,
    fault: str,
) -> None:
    if fault == "no folder":
        Path(settings.RECORDINGS_DIR).write_text("not a folder")
    else:
        (keys_here / "recordings").unlink()
        keys.forget_keys()
    live = await bench.start(window, filling_hmi, vera)
    row = await bench.until(live, lambda row: row.end_confirmed_at)
    assert row.state == BrokeredSession.State.FAILED
    assert row.failure == "recorder_failed"
    assert fake_guacd.selects == []  # the machine was never touched
    assert "recorder" in (await bench.status(row, vera))["end_sentence"].lower()


async def test_a_key_that_is_away_keeps_no_other_recording_from_being_sealed(
    keys_here: Path, bench: Bench, console: Tunnel, live: BrokeredSession, asset: FakeConnection
) -> None:  # fmt: skip
    """Nor this one for ever: it is sealed when the key is back."""
    actor = bench.broker.actors[str(live.pk)]
    (keys_here / "recordings").unlink()
    with refusing(
        "screen-"
    ):  # a segment without its end: to be read, and that needs it
        busy(asset)
        await fails(console)
        keys.forget_keys()
        actor.supervision._end("ended_by_plant")
        await bench.until(live, lambda row: row.end_confirmed_at)
    recording = await Recording.objects.aget(brokered_session=live)
    with pytest.raises(keys.KeyMissing):
        await sync_to_async(seal_recording)(recording_id=recording.pk)
    keys.ensure_keys(keys_here)
    keys.forget_keys()
    with pytest.raises(keys.WrongKey):  # another key is not the key
        await sync_to_async(seal_recording)(recording_id=recording.pk)
