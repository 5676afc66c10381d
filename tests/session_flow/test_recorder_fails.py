"""No recording, no session: what happens when the recorder cannot go on."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, Recording
from sessions.recorder.writer import RecordingFailed, RecordingWriter
from tests.cast import make_window
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel


@pytest.fixture
def window(filling_hmi: Endpoint, vera: User, olga: User) -> MaintenanceWindow:
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


async def test_input_that_cannot_be_journalled_does_not_go(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asset = fake_guacd.connection
    await console.hold(97, asset)

    def full(self: RecordingWriter, records: Any) -> None:
        raise RecordingFailed("No space left on device")

    monkeypatch.setattr(RecordingWriter, "append_input", full)
    began = time.monotonic()
    while console.close_code is None and time.monotonic() - began < 20:
        await console.send("key", 98, 1)
        await asyncio.sleep(0.1)
    ended = await console.word("ended")
    assert ended["reason"] == "recording_failed"
    keys = [one.args[:2] for one in asset.heard if one.opcode == "key"]
    assert ("98", "1") not in keys
    assert keys[-1] == ("97", "0")  # what was held is let go of even so
    await bench.until(live, lambda row: row.end_confirmed_at)


async def test_a_disk_that_fills_up_ends_the_session_and_keeps_what_was_recorded(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The real `write` fails as on a full disk, wherever the recorder calls it."""
    real = os.write

    def full(handle: int, data: bytes) -> int:
        if "recordings" in os.readlink(f"/proc/self/fd/{handle}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, data)

    monkeypatch.setattr(os, "write", full)
    await console.send("key", 98, 1)
    ended = await console.word("ended")
    assert ended["reason"] == "recording_failed"
    told = [kind for kind, _ in console.words]
    assert "recording" in told
    row = await bench.until(live, lambda row: row.end_confirmed_at)
    assert row.end_reason == "recording_failed"
    await bench.events("recording.failed")
    incomplete = Recording.objects.filter(
        brokered_session=live, state=Recording.State.INCOMPLETE
    )
    async with asyncio.timeout(20):
        while not await incomplete.aexists():
            await asyncio.sleep(0.05)


async def test_without_a_recorder_nothing_is_ever_shown(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    fake_guacd: FakeGuacd,
    tmp_path: Path,
) -> None:
    (tmp_path / "recordings").write_text("not a folder")
    live = await bench.start(window, filling_hmi, vera)
    row = await bench.until(live, lambda row: row.end_confirmed_at)
    assert row.state == BrokeredSession.State.FAILED
    assert row.failure == "recorder_failed"
    assert fake_guacd.selects == []  # the machine was never touched
    assert "recorder" in (await bench.status(row, vera))["end_sentence"].lower()
