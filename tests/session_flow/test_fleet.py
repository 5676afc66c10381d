"""Two brokers, one session: an anchor, a hand-over, a death, and never two actors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.broker import handover
from sessions.broker.registry import Broker
from sessions.models import BrokeredSession, LeftPressed, Recording
from sessions.services.console import request_end
from tests.cast import origin
from tests.failing_files import refusing
from tests.session_flow.evidence import keys_heard
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.recorder_kit import busy, check, sealed
from tests.session_flow.tunnel_kit import Bench, Tunnel

NEVER = 3600.0


@pytest.fixture
async def second(bench: Bench) -> AsyncIterator[Broker]:
    """Another broker beside the bench's own."""
    broker = Broker("broker-2")
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def live(
    bench: Bench, window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> BrokeredSession:
    live = await bench.start(window, filling_hmi, vera)
    assert live.broker == bench.broker.name
    return live


@pytest.fixture
async def anchored(
    bench: Bench, live: BrokeredSession, console: Tunnel, second: Broker
) -> BrokeredSession:
    return await bench.until(live, lambda row: row.anchored_at)


async def stall(broker: Broker) -> None:
    """The process stands still, as SIGSTOP makes it: nothing of it runs any more."""
    for task in [*broker.fleet._tasks, *broker._tasks]:
        task.cancel()
    for actor in broker.actors.values():
        assert actor.stream is not None
        actor.supervision._wake.clear()
        actor.stream._line._transport.pause_reading()  # type: ignore[union-attr]


async def test_the_other_broker_keeps_an_anchor_that_only_answers(
    anchored: BrokeredSession, fake_guacd: FakeGuacd, second: Broker
) -> None:
    assert anchored.anchor_broker == second.name
    owner, anchor = fake_guacd.connection.users[:2]
    assert anchor.arguments["read-only"] == "false"
    async with asyncio.timeout(20):
        while len(anchor.answered) < 10:
            await asyncio.sleep(0.02)
    assert {one.opcode for one in anchor.heard} == {"sync"}
    assert owner in fake_guacd.connection.users


async def test_an_anchor_is_redone_when_its_join_is_corrupt(
    bench: Bench,
    live: BrokeredSession,
    console: Tunnel,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions.broker.fleet.REST_SECONDS", 0.1)
    fake_guacd.corrupt_joins = 2
    second = Broker("broker-2")
    await second.start()
    try:
        await bench.until(live, lambda row: row.anchored_at)
        assert fake_guacd.connection.joins >= 3
    finally:
        await second.stop()


async def test_an_end_takes_the_anchor_along(
    bench: Bench, anchored: BrokeredSession, vera: User, second: Broker
) -> None:
    await sync_to_async(request_end)(anchored, acting_user=vera, origin=origin())
    row = await bench.until(anchored, lambda row: row.end_confirmed_at)
    assert row.end_proof["guacd"] == "refuses_join"
    assert not second.fleet.anchors


async def test_an_end_takes_the_anchor_along_without_any_message(
    bench: Bench,
    anchored: BrokeredSession,
    vera: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions.services.news.announce", lambda *args, **kwargs: None)
    await sync_to_async(request_end)(anchored, acting_user=vera, origin=origin())
    row = await bench.until(anchored, lambda row: row.end_confirmed_at)
    assert row.end_proof["guacd"] == "refuses_join"


async def test_a_broker_that_stops_hands_its_session_over(
    bench: Bench,
    anchored: BrokeredSession,
    console: Tunnel,
    vera: User,
    second: Broker,
    fake_guacd: FakeGuacd,
) -> None:
    asset = fake_guacd.connection
    await console.hold(97, asset)
    await bench.broker.stop()
    assert await console.closed() == 4012
    assert [one.args[:2] for one in asset.heard if one.opcode == "key"][-1] == (
        "97",
        "0",
    )
    row = await bench.row(anchored)
    assert (row.state, row.broker, row.lease_epoch) == ("active", second.name, 2)
    assert row.frozen_cause == "away"  # until the contractor's browser is back

    again = await bench.enter(row, vera)
    await again.picture()
    await bench.until(anchored, lambda row: row.frozen_at is None)
    await again.hold(98, asset)
    await bench.events("session.adopted")

    await again.send("key", 98, 0)
    await sync_to_async(request_end)(row, acting_user=vera, origin=origin())
    await bench.until(anchored, lambda row: row.end_confirmed_at)
    async with asyncio.timeout(20):
        while not (
            recording := await Recording.objects.filter(
                brokered_session=anchored, state=Recording.State.SEALED
            ).afirst()
        ):
            await asyncio.sleep(0.05)
    assert recording.gaps  # stated, and everything before and after it is there


async def test_nothing_in_the_way_of_a_hand_over_waits_for_a_look(
    bench: Bench,
    anchored: BrokeredSession,
    console: Tunnel,
    vera: User,
    second: Broker,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    """Whatever else a busy machine adds: by what is regular, the gap in input would be for ever.

    So it is as long as the work takes: two round trips to the database, the files, a picture.
    """
    monkeypatch.setattr("sessions.broker.fleet.LOOK_SECONDS", NEVER)
    monkeypatch.setattr("sessions.broker.registry.ROUND_SECONDS", NEVER)
    settings.POLICY_TICK_SECONDS = NEVER
    await asyncio.sleep(1.0)  # the looks that had begun are over
    second.fleet.look()  # and this one is the last by itself
    await bench.broker.stop()
    assert await console.closed() == 4012
    again = await bench.enter(await bench.row(anchored), vera)
    await again.picture()
    await again.hold(98, fake_guacd.connection)


async def test_a_session_whose_recording_fails_is_handed_over_all_the_same(
    bench: Bench,
    anchored: BrokeredSession,
    console: Tunnel,
    vera: User,
    second: Broker,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A deploy within the grace time: the other broker records again, behind a stated gap."""
    monkeypatch.setattr("sessions.broker.recording_care.RETRY_SECONDS", NEVER)
    asset = fake_guacd.connection
    await console.hold(97, asset)
    with refusing("screen-00001"):  # of the first: the other begins before this ends
        busy(asset)
        await console.word("recording", ok=False)
        await bench.until(anchored, lambda row: row.recording_failed_at)
        await bench.broker.stop()
    assert await console.closed() == 4012
    row = await bench.row(anchored)
    assert (row.state, row.broker, row.lease_epoch) == ("active", second.name, 2)

    again = await bench.enter(row, vera)
    await again.picture()
    await bench.until(anchored, lambda row: row.recording_failed_at is None)
    await bench.until(anchored, lambda row: row.frozen_at is None)
    await again.hold(98, asset)
    await again.send("key", 98, 0)
    await sync_to_async(request_end)(row, acting_user=vera, origin=origin())
    recording = await sealed(bench, anchored)
    assert recording.gaps
    assert await check(recording) == []


async def test_what_nobody_takes_ends_properly(
    bench: Bench,
    anchored: BrokeredSession,
    console: Tunnel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The anchor's broker dies in the very moment of the hand-over."""
    monkeypatch.setattr(
        "sessions.services.adoption.request_handover", lambda *args, **kwargs: False
    )
    await bench.broker.stop()
    assert await console.closed() == 4012
    row = await bench.until(anchored, lambda row: row.end_confirmed_at)
    assert (row.state, row.end_reason) == ("ended", "interrupted")


async def test_a_broker_that_stands_still_is_replaced_and_stays_silent(
    bench: Bench,
    anchored: BrokeredSession,
    console: Tunnel,
    vera: User,
    second: Broker,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asset = fake_guacd.connection
    await console.hold(97, asset)
    await bench.until(anchored, lambda row: row.held_input)
    (actor,) = bench.broker.actors.values()
    owner = asset.users[0]
    stood_down: list[Any] = []
    stand_down = handover.stand_down

    async def noted(*args: Any) -> None:
        stood_down.append(args)
        await stand_down(*args)

    monkeypatch.setattr(handover, "stand_down", noted)
    await stall(bench.broker)
    row = await bench.until(anchored, lambda row: row.broker == second.name)
    told = len([one for one in owner.heard if one.opcode != "sync"])
    assert row.lease_epoch == 2
    await bench.until(anchored, lambda row: not row.held_input)
    keys = [one.args[:2] for one in asset.heard if one.opcode == "key"]
    assert keys[-1] == ("97", "0")

    # It wakes, with input under way and an end that it was about to make.
    await console.send("key", 98, 1)
    actor.supervision.wake()
    assert await console.closed() == 4012
    async with asyncio.timeout(20):
        while not stood_down:
            await asyncio.sleep(0.02)
    said = [one.opcode for one in owner.heard if one.opcode != "sync"]
    assert len(said) == told
    row = await bench.row(anchored)
    assert (row.state, row.broker) == ("active", second.name)


async def test_a_button_that_no_row_knows_of_is_released_all_the_same(
    bench: Bench,
    anchored: BrokeredSession,
    console: Tunnel,
    second: Broker,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The row is a quarter of a second late; the input track is not."""
    asset = fake_guacd.connection
    monkeypatch.setattr("sessions.broker.input.KEEP_HELD_SECONDS", 3600.0)
    monkeypatch.setattr("sessions.broker.input.SILENCE_SECONDS", 3600.0)

    def masks() -> list[str]:
        return [one.args[2] for one in asset.heard if one.opcode == "mouse"]

    async with asyncio.timeout(20):
        while "1" not in masks()[-1:]:
            await console.send("mouse", 40, 50, 0)
            await console.send("mouse", 40, 50, 1)
            await asyncio.sleep(0.3)
    assert (await bench.row(anchored)).held_input == []
    await stall(bench.broker)
    await bench.until(anchored, lambda row: row.broker == second.name)
    async with asyncio.timeout(20):
        while masks()[-1] != "0":
            await asyncio.sleep(0.02)
    (released,) = await bench.events("session.input.released")
    assert released.detail["buttons"] == 1


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "not recorded"])
async def test_a_key_that_no_row_knows_of_is_released_or_said_to_be_down(
    recorded: bool,
    bench: Bench,
    anchored: BrokeredSession,
    console: Tunnel,
    second: Broker,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the site records keys the input track names it; else somebody has to look."""
    asset = fake_guacd.connection
    monkeypatch.setattr("sessions.broker.input.KEEP_HELD_SECONDS", 3600.0)
    monkeypatch.setattr("sessions.broker.input.SILENCE_SECONDS", 3600.0)
    writer = bench.broker.actor_of(anchored.pk).writer
    assert writer is not None
    writer.order = replace(writer.order, record_key_values=recorded)
    for key in (97, 98):
        await console.hold(key, asset)
        await console.send("key", key, 1)  # as a browser repeats it
    await console.send("key", 97, 0)
    async with asyncio.timeout(20):
        while ("97", "0") not in keys_heard(asset):
            await asyncio.sleep(0.02)
    assert (await bench.row(anchored)).held_input == []
    await stall(bench.broker)
    await bench.until(anchored, lambda row: row.broker == second.name)

    if recorded:
        async with asyncio.timeout(20):
            while keys_heard(asset)[-1] != ("98", "0"):
                await asyncio.sleep(0.02)
        (released,) = await bench.events("session.input.released")
        assert released.detail["keys"] == 1
        assert not await LeftPressed.objects.aexists()
        return
    (event,) = await bench.events("session.input.left_pressed")
    assert (event.severity, event.detail["keys"]) == ("critical", 1)
    left = await LeftPressed.objects.aget(brokered_session=anchored)
    assert (left.held, left.released_at) == (1, None)
    assert keys_heard(asset)[-1] == ("97", "0")  # nobody knows that 98 is the other


async def test_two_processes_of_one_name_are_noticed(
    bench: Bench, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sessions.broker.fleet import NameTaken

    settings.EMBEDDED = False
    monkeypatch.setattr("sessions.broker.fleet.NAME_SECONDS", 1.0)
    twin = Broker(bench.broker.name)
    with pytest.raises(NameTaken):
        await twin.start()
