"""What a broker that died left behind is released, ended, proven and kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.broker import interrupted
from sessions.broker.actor import SessionActor
from sessions.broker.registry import Broker
from sessions.models import BrokeredSession, CriticalStep, LeftPressed, Recording
from sessions.services.abandoned import end_abandoned_sessions
from sessions.services.recording import seal_abandoned_recordings
from tests.cast import Plant, make_window
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel


async def die(broker: Broker) -> None:
    """As `kill -9` leaves it: no word to guacd, none to the database."""
    tasks: list[asyncio.Task[Any]] = [*broker._tasks]
    for actor in broker.actors.values():
        assert actor.stream is not None and actor.writer is not None
        await actor.stream.close()
    for task in [*asyncio.all_tasks()]:
        name = getattr(task.get_coro(), "__qualname__", "")
        if name.startswith(("SessionActor.", "Supervision.", "Viewer.")):
            task.cancel()
    for life in broker._lives.values():
        life.cancel()
    ears = [one for one in (broker.ear._listening, broker.ear._mending) if one]
    for task in [*tasks, *broker.fleet._tasks, *ears]:
        task.cancel()
    broker.actors.clear()
    broker._lives.clear()


async def never(*args: Any, **kwargs: Any) -> None:
    await asyncio.sleep(3600)


async def test_a_restarted_broker_releases_ends_and_proves(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asset = fake_guacd.connection
    await console.hold(97, asset)
    await bench.until(live, lambda row: row.held_input)
    fake_guacd.lingers = True  # closing sockets alone leaves guacd on the asset

    monkeypatch.setattr("sessions.broker.farewell.wind_up", never)
    await die(bench.broker)
    monkeypatch.undo()
    joins = asset.joins
    keys = [one.args[:2] for one in asset.heard if one.opcode == "key"]
    assert keys[-1] == ("97", "1")
    fake_guacd.lingers = False

    restarted = Broker()
    await restarted.start()
    try:
        row = await bench.until(live, lambda row: row.end_confirmed_at)
        assert (row.state, row.end_reason, row.slot) == ("ended", "interrupted", None)
        heard = [one for one in asset.heard if one.opcode in ("key", "disconnect")]
        assert heard[-2].args == ("97", "0")
        assert heard[-1].opcode == "disconnect"
        assert asset.joins == joins + 1
        events = {
            name async for name in AuditEvent.objects.values_list("event", flat=True)
        }
        assert {
            "session.interrupted",
            "session.input.released",
            "session.end.confirmed",
        } <= events
    finally:
        await restarted.stop()

    await BrokeredSession.objects.filter(pk=live.pk).aupdate(
        ended_at=timezone.now() - timedelta(minutes=5)
    )
    assert await sync_to_async(seal_abandoned_recordings)() == 1
    recording = await Recording.objects.aget(brokered_session=live)
    assert recording.state == Recording.State.INCOMPLETE


async def test_a_key_that_nobody_can_name_is_to_be_looked_at(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pressed in the last quarter of a second, beside one that the row knows."""
    asset = fake_guacd.connection
    await console.hold(97, asset)
    await bench.until(live, lambda row: row.held_input)
    monkeypatch.setattr("sessions.broker.input.KEEP_HELD_SECONDS", 3600.0)
    await console.send("key", 97, 0)
    await console.hold(98, asset)
    monkeypatch.setattr("sessions.broker.farewell.wind_up", never)
    await die(bench.broker)
    monkeypatch.undo()

    restarted = Broker()
    await restarted.start()
    try:
        await bench.until(live, lambda row: row.end_confirmed_at)
        (event,) = await bench.events("session.input.left_pressed")
        assert event.detail["keys"] == 1
        left = await LeftPressed.objects.aget(brokered_session=live)
        assert (left.held, left.released_at) == (2, None)
    finally:
        await restarted.stop()


async def test_the_broker_takes_up_what_no_message_told_it_of(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions.services.news.announce", lambda *args, **kwargs: None)
    live = await bench.start(window, filling_hmi, vera)
    await bench.until(live, lambda row: row.state == "active")


async def test_an_end_needs_no_message_either(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    vera: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await BrokeredSession.objects.filter(pk=live.pk).aupdate(
        end_requested_at=timezone.now(), end_requested_by=vera.pk,
        end_requested_reason="ended_by_contractor",
    )  # fmt: skip
    assert (await console.word("ended"))["reason"] == "ended_by_contractor"


async def test_the_sweep_ends_what_has_no_broker(
    transactional_db: None,
    fake_guacd: FakeGuacd,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    filling_plc: Endpoint,
    vera: User,
    settings: Any,
) -> None:
    long_ago = timezone.now() - timedelta(minutes=10)
    common = {
        "window": window, "started_by": vera, "permission": "control", "slot": 0,
        "guacd_address": fake_guacd.address, "broker": "dead",
    }  # fmt: skip
    dead = await BrokeredSession.objects.acreate(
        number="SES-1", endpoint=filling_hmi, state="active", active_at=long_ago,
        lease_expires_at=long_ago, guacd_connection_id="$gone", **common,
    )  # fmt: skip
    lost = await BrokeredSession.objects.acreate(
        number="SES-2", endpoint=filling_plc, requested_at=long_ago, **common
    )
    assert await sync_to_async(end_abandoned_sessions)() == 2
    await BrokeredSession.objects.aupdate(ended_at=long_ago)
    assert await sync_to_async(end_abandoned_sessions)() == 0
    await dead.arefresh_from_db()
    await lost.arefresh_from_db()
    assert (dead.end_reason, dead.slot) == ("interrupted", None)
    assert (lost.state, lost.end_reason, lost.slot) == ("failed", "not_connected", None)


@pytest.mark.parametrize(
    ("in_step", "reason"), [(True, "interrupted"), (False, "window_closed")]
)
def test_a_crash_in_a_critical_step_is_an_interruption_also_after_the_window(
    db: None, plant: Plant, in_step: bool, reason: str
) -> None:
    """The step kept the session open past its window; only the crash ended it."""
    now = timezone.now()
    long_ago = now - timedelta(minutes=10)
    window = make_window(
        plant.vera, plant.filling_hmi, decided_by=plant.olga,
        starts_in=-timedelta(hours=2), lasts=timedelta(hours=1, minutes=55),
    )  # fmt: skip
    dead = BrokeredSession.objects.create(
        number="SES-1", window=window, endpoint=plant.filling_hmi, started_by=plant.vera,
        permission="control", slot=0, state="active", active_at=long_ago, broker="dead",
        lease_expires_at=long_ago,
    )  # fmt: skip
    CriticalStep.objects.create(
        brokered_session=dead, what="Writing firmware", minutes=20,
        declared_by=plant.vera, accepted_by=plant.olga, accepted_at=long_ago,
        until=now + timedelta(minutes=10), ended_at=None if in_step else now,
    )  # fmt: skip
    assert end_abandoned_sessions() == 1
    dead.refresh_from_db()
    assert dead.end_reason == reason


async def test_a_round_that_looked_before_the_claim_takes_nothing_for_abandoned(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def looked_too_early(broker: str, with_actor: Any) -> interrupted.LeftBehind:
        return look(broker, [])

    look = interrupted.left_behind
    monkeypatch.setattr(interrupted, "left_behind", looked_too_early)
    await bench.broker._clear_up()

    row = await BrokeredSession.objects.aget(pk=live.pk)
    assert row.state == BrokeredSession.State.ACTIVE


async def test_a_session_claimed_while_the_broker_stops_ends_with_it(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claimed = asyncio.Event()
    bring_to_life = bench.broker._bring_to_life

    async def slowly(*args: Any) -> SessionActor:
        claimed.set()
        await asyncio.sleep(0.3)
        return await bring_to_life(*args)

    monkeypatch.setattr(bench.broker, "_bring_to_life", slowly)
    live = await bench.start(window, filling_hmi, vera)
    await claimed.wait()

    await bench.broker.stop()

    assert not bench.broker.actors
    assert not (await bench.row(live)).is_live
