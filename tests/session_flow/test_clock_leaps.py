"""The portal's own clock is set while a session is recorded: a failure of the recorder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.plants.models import Asset
from sessions.models import BrokeredSession, Recording
from sessions.recorder import writer
from sessions.services.critical_step import (
    accept_critical_step,
    declare_critical_step,
)
from sessions.services.playback import map_of
from tests.cast import origin
from tests.session_flow.evidence import keys_heard, marks_of, unrecorded
from tests.session_flow.fake_guacd import FakeConnection
from tests.session_flow.recorder_kit import (
    asset,
    check,
    end_and_seal,
    fails,
    sealed,
    window,
    works_again,
)
from tests.session_flow.tunnel_kit import Bench, Tunnel

__all__ = ["asset", "window"]  # the fixtures


class WallClock(datetime):
    """The recorder's time of day; `ahead` is by how much somebody has set it."""

    ahead = timedelta()

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) + WallClock.ahead


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> type[WallClock]:
    monkeypatch.setattr(writer, "datetime", WallClock)
    monkeypatch.setattr(WallClock, "ahead", timedelta())
    return WallClock


@pytest.mark.parametrize("by", [timedelta(hours=-1), timedelta(seconds=5)])
async def test_a_clock_that_is_set_stops_input_until_a_new_segment_is_tied_to_it(
    wall_clock: type[WallClock],
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    asset: FakeConnection,
    by: timedelta,
) -> None:
    await console.hold(97, asset)
    wall_clock.ahead = by
    told = await fails(console)
    assert "keyboard and mouse are off" in told["sentence"]
    await console.word("frozen", cause="recording")
    await console.until(lambda: ("97", "0") in keys_heard(asset))  # let go of
    await console.send("key", 98, 1)
    await works_again(console, asset, 99)
    assert ("98", "1") not in keys_heard(asset)
    await bench.events("recording.failed")
    await bench.events("recording.resumed")
    row = await bench.until(live, lambda row: row.recording_failed_at is None)
    assert row.frozen_cause == ""

    recording = await end_and_seal(bench, console, live)
    assert await sync_to_async(unrecorded)(asset, live) == []
    (leap,) = await sync_to_async(marks_of)(live, "clock")
    assert abs(leap["leapt_ms"] - by.total_seconds() * 1000) < 2_000
    await reads_well(recording, by)


async def reads_well(recording: Recording, by: timedelta) -> None:
    """Two segments with one stated gap between them; the second one tells the new time."""
    assert recording.state == Recording.State.INCOMPLETE
    assert await check(recording) == []
    (gap,) = recording.manifest["gaps"]
    assert gap["reason"] == "portal_clock"
    before, after = (
        one for one in recording.manifest["segments"] if one["track"] == "screen"
    )
    assert (gap["from_ms"], gap["to_ms"]) == (before["ends_ms"], after["starts_ms"])
    passed = timedelta(milliseconds=after["starts_ms"] - before["starts_ms"])
    by_the_clock = moment(after["started_at"]) - moment(before["started_at"])
    assert abs(by_the_clock - passed - by) < timedelta(seconds=2)
    shown = await sync_to_async(map_of)(recording)
    assert shown["gaps"] == [[gap["from_ms"], gap["to_ms"]]]
    assert [span[2] for span in shown["timeline"]["frozen"]] == ["recording"]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_where_a_failure_ends_the_session_a_clock_that_is_set_does_too(
    wall_clock: type[WallClock],
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    asset: FakeConnection,
) -> None:
    await Asset.objects.aupdate(on_record_failure="end")
    await bench.next_look(live)
    wall_clock.ahead = timedelta(minutes=10)
    assert (await console.word("ended"))["reason"] == "recording_failed"
    recording = await sealed(bench, live)
    assert recording.manifest["reason"] == "portal_clock"
    assert await check(recording) == []


async def test_within_a_critical_step_it_only_freezes_until_it_is_recorded_again(
    wall_clock: type[WallClock],
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    asset: FakeConnection,
    vera: User,
    olga: User,
) -> None:
    await Asset.objects.aupdate(on_record_failure="end")
    step = await sync_to_async(declare_critical_step)(
        live, acting_user=vera, origin=origin(), what="Writing firmware", minutes=12
    )
    await sync_to_async(accept_critical_step)(
        live, acting_user=olga, origin=origin(), step=step.pk
    )
    await bench.next_look(live)
    wall_clock.ahead = timedelta(minutes=10)
    await fails(console)
    await works_again(console, asset, 99)
    assert (await bench.row(live)).is_live
    assert bench.broker.actor_of(live.pk).care.grace_until is None
