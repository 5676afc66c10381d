"""No recording, no input: what happens when the recorder cannot go on, and comes back."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.plants.models import Asset, Endpoint
from requests.models import MaintenanceWindow
from sessions.broker.actor import SessionActor
from sessions.models import BrokeredSession, Recording
from sessions.recorder import disk, prompt_disk
from sessions.recorder.screen_track import ScreenTrack
from sessions.services.recording_failures import continue_unrecorded
from tests.cast import origin
from tests.failing_files import hanging, refusing
from tests.session_flow.evidence import (
    keys_heard,
    keys_journalled,
    marks_of,
    unrecorded,
)
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
from tests.session_flow.tunnel_kit import Bench, Tunnel, portal_bench
from tests.small_disk import SmallDisk, small_disk

__all__ = ["asset", "window"]  # the fixtures

# --- A disk that is full ------------------------------------------------------------------


@pytest.fixture
def recordings_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


@pytest.fixture
async def bench_on_a_small_disk(
    transactional_db: None, fake_guacd: FakeGuacd, recordings_disk: SmallDisk
) -> AsyncIterator[Bench]:
    place = recordings_disk.path / "recordings"
    async with portal_bench(fake_guacd.address, place) as running:
        yield running


async def test_a_full_disk_freezes_everything_and_room_brings_it_back(
    bench_on_a_small_disk: Bench,
    recordings_disk: SmallDisk,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    olga: User,
    fake_guacd: FakeGuacd,
) -> None:
    bench = bench_on_a_small_disk
    live = await bench.start(window, filling_hmi, vera)
    console = await bench.enter(live, vera)
    watcher = await bench.enter(live, olga)
    await console.picture()
    asset = fake_guacd.connection
    await console.hold(97, asset)

    recordings_disk.fill()
    busy(asset)
    typed = 0
    async with asyncio.timeout(25):  # until the journal's last page is full as well
        while console.last("recording").get("ok") is not False or typed < 200:
            await console.send("key", 200 + typed % 50, typed % 2)
            typed += 1
            await asyncio.sleep(0)
    told = await fails(console)
    assert told["until"] and "record again" in told["sentence"]
    assert (await fails(watcher))["sentence"] == told["sentence"]
    frozen = await console.word("frozen", cause="recording")
    assert frozen["until"] == told["until"]
    row = await bench.until(live, lambda row: row.recording_failed_at)
    assert (row.frozen_cause, row.state) == ("recording", "active")
    assert row.recording_grace_until is not None
    await console.until(lambda: ("97", "0") in keys_heard(asset))  # let go of
    heard = len(asset.heard)
    await console.send("key", 98, 1)
    frames = asset.frame
    await console.until(lambda: asset.frame > frames + 2)
    assert all(one.opcode != "key" for one in asset.heard[heard:])

    recordings_disk.empty()
    await works_again(console, asset, 99)
    await watcher.word("recording", ok=True)
    row = await bench.until(live, lambda row: row.recording_failed_at is None)
    assert (row.frozen_cause, row.recording_grace_until) == ("", None)
    await bench.events("recording.resumed")

    recording = await end_and_seal(bench, console, live)
    assert await sync_to_async(unrecorded)(asset, live) == []
    assert ("98", "1") not in keys_heard(asset)
    gaps = recording.manifest["gaps"] + recording.manifest["journal_gaps"]
    assert {gap["reason"] for gap in gaps} == {"disk_full"}
    assert recording.state == Recording.State.INCOMPLETE
    assert await check(recording) == []


# --- What becomes of the session ----------------------------------------------------------


async def test_where_the_machine_says_so_it_ends_at_once(
    bench: Bench, console: Tunnel, live: BrokeredSession, asset: FakeConnection
) -> None:
    await Asset.objects.aupdate(on_record_failure="end")
    await bench.next_look(live)
    await console.hold(97, asset)
    with refusing("recordings"):
        await console.send("key", 98, 1)
        ended = await console.word("ended")
        row = await bench.until(live, lambda row: row.ended_at)
    assert ended["reason"] == row.end_reason == "recording_failed"
    assert ("98", "1") not in keys_heard(asset)
    assert keys_heard(asset)[-1] == ("97", "0")  # what was held is let go of even so
    await bench.events("recording.failed")
    recording = await sealed(bench, live)
    assert recording.state == Recording.State.INCOMPLETE
    assert recording.manifest["reason"] == "disk_full"
    assert await check(recording) == []


async def test_the_grace_time_runs_out_also_while_the_database_is_away(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    asset: FakeConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await Asset.objects.aupdate(record_grace_seconds=3)
    await bench.next_look(live)
    await console.hold(97, asset)
    real = SessionActor.db

    async def away(self: SessionActor, *args: Any, **kwargs: Any) -> Any:
        raise OperationalError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(SessionActor, "db", away)
        with refusing("input-"):
            await console.send("key", 98, 1)
            await console.word("frozen", cause="recording")
            await console.until(lambda: ("97", "0") in keys_heard(asset))
            await console.send("key", 99, 1)
            await console.closed()  # no row was needed for it
        assert (await bench.row(live)).state == "active"
    assert SessionActor.db is real
    row = await bench.until(live, lambda row: row.ended_at)
    assert row.end_reason == "recording_failed"
    await bench.events("recording.failed")
    await sealed(bench, live)
    # The journal never came back: what stands in the audit trail only are releases.
    only_in_the_trail = await sync_to_async(unrecorded)(asset, live)
    assert ("97", "0") in only_in_the_trail
    assert {pressed for _keysym, pressed in only_in_the_trail} == {"0"}
    assert {("98", "1"), ("99", "1")}.isdisjoint(keys_heard(asset))


async def test_somebody_at_the_machine_lets_the_work_go_on_while_the_journal_works(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    asset: FakeConnection,
    vera: User,
    olga: User,
    omar: User,
    ivan: User,
) -> None:
    await Asset.objects.aupdate(on_record_failure="continue_with_attendance")
    await bench.next_look(live)

    async def go_on(user: User, reason: str = "The valve is open.") -> None:
        await sync_to_async(continue_unrecorded)(
            live, acting_user=user, origin=origin(), reason=reason
        )

    with pytest.raises(TooLate):
        await go_on(olga)
    with refusing("screen-"):
        busy(asset)
        assert (await fails(console))["may_continue"]
        await bench.until(live, lambda row: row.recording_failed_at)
        for nobody in (vera, omar, ivan):  # Ivan may end it, but is not at the machine
            with pytest.raises(NotAllowed):
                await go_on(nobody)
        with pytest.raises(NotPossible):
            await go_on(olga, reason=" ")
        await go_on(olga)
        with pytest.raises(TooLate):
            await go_on(olga)
        await console.word("unfrozen")
        told = await console.word("recording", ok=False, until=None)
        assert olga.full_name in told["sentence"]
        await console.hold(97, asset)
        (event,) = await bench.events("session.unrecorded.continued")
        assert (event.severity, event.reason) == ("critical", "The valve is open.")
        await bench.events("session.attended")

        with refusing("input-"):  # now the journal, too: nobody may go on
            await console.send("key", 98, 1)
            await console.word("frozen", cause="recording")
            await bench.until(live, lambda row: row.journal_failed_at)
            with pytest.raises(NotPossible):
                await go_on(olga)
    await console.word("recording", ok=True)
    await works_again(console, asset, 99)
    row = await bench.until(live, lambda row: row.recording_failed_at is None)
    assert (row.unrecorded_at, row.unrecorded_by_id) == (None, None)
    recording = await end_and_seal(bench, console, live)
    assert await sync_to_async(unrecorded)(asset, live) == []
    assert ("98", "1") not in keys_heard(asset)
    assert await sync_to_async(marks_of)(live, "unrecorded") == [
        {"name": olga.full_name}
    ]
    assert len(recording.manifest["gaps"]) == 1
    assert await check(recording) == []


# --- A recorder that hangs or raises --------------------------------------------------------


async def test_a_journal_that_hangs_stops_input_and_nothing_else(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    asset: FakeConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The write is late, and is written after all: it still never goes to the machine."""
    monkeypatch.setattr(prompt_disk, "MAX_SECONDS", 0.2)
    await console.hold(97, asset)
    with hanging("input-"):
        await console.send("key", 98, 1)
        assert "typed" in (await fails(console))["sentence"]
        await console.until(lambda: ("97", "0") in keys_heard(asset))
        frames = asset.frame
        await console.until(lambda: asset.frame > frames)  # the picture goes on
    await works_again(console, asset, 99)
    await end_and_seal(bench, console, live)
    assert await sync_to_async(unrecorded)(asset, live) == []
    assert ("98", "1") not in keys_heard(asset)
    assert ("98", "1") in await sync_to_async(keys_journalled)(live)
    (gap,) = await sync_to_async(marks_of)(live, "gap")
    assert (gap["track"], gap["reason"]) == ("input", "storage_silent")


def hang_forever(answers: threading.Event) -> Callable[..., None]:
    def hang(*args: object) -> None:
        answers.wait(30)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    return hang


@pytest.mark.parametrize("fault", ["hangs", "raises in its thread", "raises"])
async def test_a_recorder_of_the_screen_that_hangs_or_raises_stops_input(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    asset: FakeConnection,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    monkeypatch.setattr(disk, "MAX_SECONDS_BEHIND", 0.3)
    monkeypatch.setattr(disk, "WATCH_SECONDS", 0.1)
    await console.hold(97, asset)
    answers = threading.Event()

    def broken(*args: object) -> None:
        raise ZeroDivisionError

    where, what = {
        "hangs": ("_write", hang_forever(answers)),
        "raises in its thread": ("_write", broken),
        "raises": ("append", broken),
    }[fault]
    with monkeypatch.context() as patch:
        patch.setattr(ScreenTrack, where, what)
        busy(asset)
        await fails(console)
        await console.until(lambda: ("97", "0") in keys_heard(asset))
        await console.send("key", 98, 1)
        frames = asset.frame
        await console.until(lambda: asset.frame > frames + 2)
    answers.set()
    await works_again(console, asset, 99)
    recording = await end_and_seal(bench, console, live)
    assert await sync_to_async(unrecorded)(asset, live) == []
    assert ("98", "1") not in keys_heard(asset)
    (gap,) = recording.manifest["gaps"]
    assert gap["reason"] == ("storage_silent" if fault == "hangs" else "recorder_fault")
    assert await check(recording) == []
