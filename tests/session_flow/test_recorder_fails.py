"""No recording, no input: what happens when the recorder cannot go on, and comes back."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import OperationalError

from accessportal import keys
from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.plants.models import Asset, Endpoint, Site
from requests.models import MaintenanceWindow
from sessions.broker.actor import SessionActor
from sessions.models import BrokeredSession, Recording
from sessions.recorder import disk, prompt_disk
from sessions.recorder.clock_watch import ClockWatch
from sessions.recorder.screen_track import ScreenTrack
from sessions.services.recording import seal_recording
from sessions.services.recording_check import verify_recording
from sessions.services.recording_failures import continue_unrecorded
from tests.cast import make_window, origin
from tests.failing_files import hanging, refusing
from tests.session_flow.evidence import (
    keys_heard,
    keys_journalled,
    marks_of,
    unrecorded,
)
from tests.session_flow.fake_guacd import FakeConnection, FakeGuacd, encode
from tests.session_flow.tunnel_kit import Bench, Tunnel, portal_bench
from tests.small_disk import SmallDisk, small_disk

GRACE_SECONDS = 600


@pytest.fixture
def window(filling_hmi: Endpoint, vera: User, olga: User) -> MaintenanceWindow:
    Site.objects.update(record_key_values=True)
    Asset.objects.update(on_record_failure="grace", record_grace_seconds=GRACE_SECONDS)
    return make_window(vera, filling_hmi, decided_by=olga)


@pytest.fixture
async def live(
    bench: Bench, window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> BrokeredSession:
    return await bench.start(window, filling_hmi, vera)


@pytest.fixture
async def console(bench: Bench, live: BrokeredSession, vera: User) -> Tunnel:
    tunnel = await bench.enter(live, vera)
    await tunnel.picture()
    return tunnel


@pytest.fixture
def asset(console: Tunnel, fake_guacd: FakeGuacd) -> FakeConnection:
    return fake_guacd.connection


def busy(asset: FakeConnection) -> None:
    """More picture than a block holds: it is written at once."""
    asset.say(encode("name", secrets.token_hex(80_000)))
    asset.next_frame()


async def fails(console: Tunnel) -> dict[str, Any]:
    """Wait for the recording to be said to have failed."""
    return await console.word("recording", ok=False)


async def works_again(console: Tunnel, asset: FakeConnection, keysym: int) -> None:
    """By itself: nobody has to lift anything."""
    await console.word("unfrozen")
    await console.hold(keysym, asset)


async def end_and_seal(
    bench: Bench, console: Tunnel, live: BrokeredSession
) -> Recording:
    """The contractor leaves, the plant's people close the session; it is sealed."""
    bench.broker.actors[str(live.pk)].supervision._end("ended_by_plant")
    return await sealed(bench, live)


async def sealed(bench: Bench, live: BrokeredSession) -> Recording:
    await bench.until(live, lambda row: row.end_confirmed_at)
    closed = Recording.objects.with_session().filter(
        brokered_session=live, sealed_at__isnull=False
    )
    async with asyncio.timeout(25):
        while (recording := await closed.afirst()) is None:
            await asyncio.sleep(0.05)
    return recording


async def check(recording: Recording) -> list[str]:
    report = await sync_to_async(verify_recording)(recording=recording)
    return [finding.finding for finding in report.findings]


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


# --- Storage, key, clock --------------------------------------------------------------------


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


async def test_a_clock_that_is_set_is_stated_and_stops_nobody(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    asset: FakeConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = ClockWatch._measure
    monkeypatch.setattr(ClockWatch, "_measure", lambda watch: real(watch) - 3600)
    await bench.events("session.error")
    await console.hold(97, asset)
    assert (await bench.row(live)).recording_failed_at is None
    recording = await end_and_seal(bench, console, live)
    (leap,) = await sync_to_async(marks_of)(live, "clock")
    assert -3_602_000 < leap["leapt_ms"] < -3_598_000
    assert recording.state == Recording.State.SEALED
    assert await sync_to_async(unrecorded)(asset, live) == []


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
