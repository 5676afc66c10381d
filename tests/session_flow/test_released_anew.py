"""The line is dead: what was held is let go of by another connection, or it is left alone."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Endpoint
from sessions.broker import release_anew
from sessions.broker.registry import Broker
from sessions.desktops import LOCK
from sessions.models import BrokeredSession, LeftPressed
from tests.cast import make_endpoint
from tests.session_flow.evidence import keys_heard
from tests.session_flow.fake_guacd import FakeConnection, FakeGuacd
from tests.session_flow.test_broker_restart import die, never
from tests.session_flow.tunnel_kit import Bench, Tunnel

LINE_BREAKS = "5.error,11.Forced off.,3.521;"

Act = Callable[[BrokeredSession], Any]


def somebody_else_begins(live: BrokeredSession) -> None:
    """Over another endpoint of the same address: a place of its own, the same screen."""
    endpoint = live.endpoint
    again = make_endpoint(
        endpoint.asset, "Same screen", "vnc", endpoint.port, host=endpoint.host
    )
    BrokeredSession.objects.create(
        number="SES-2026-7001", window=live.window, endpoint=again,
        started_by=live.started_by, permission="control", slot=0, broker="broker-9",
        state="active", active_at=timezone.now(),
        lease_expires_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip


def the_place_is_said_to_be_free(live: BrokeredSession) -> None:
    """As a person says who knows that the gateway is switched off."""
    BrokeredSession.objects.filter(pk=live.pk).update(slot=None)


def nothing(live: BrokeredSession) -> None:
    """Nobody else comes."""


def while_it_connects(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[None]]
) -> None:
    real = release_anew.open_connection

    async def connect(*args: Any, **kwargs: Any) -> Any:
        await act()
        return await real(*args, **kwargs)

    monkeypatch.setattr(release_anew, "open_connection", connect)


async def the_line_breaks(
    bench: Bench, console: Tunnel, live: BrokeredSession, guacd: FakeGuacd
) -> FakeConnection:
    """While a key is held; the connection that is to let go of it, once all is done."""
    await console.hold(97, guacd.connection)
    guacd.connection.say(LINE_BREAKS)
    await console.word("ended", reason="asset_closed")
    await bench.until(live, lambda row: str(live.pk) not in bench.broker.actors)
    _first, second = guacd.connections.values()
    return second


async def nothing_was_released() -> bool:
    left = await LeftPressed.objects.aget()
    said = AuditEvent.objects.filter(event="session.input.released")
    return left.released_at is None and not await said.aexists()


async def test_what_was_held_is_let_go_of_by_another_connection(
    bench: Bench, console: Tunnel, live: BrokeredSession, fake_guacd: FakeGuacd
) -> None:
    second = await the_line_breaks(bench, console, live, fake_guacd)
    assert keys_heard(second) == [("97", "0")]
    assert not await nothing_was_released()


@pytest.mark.parametrize("act", [somebody_else_begins, the_place_is_said_to_be_free])
async def test_where_somebody_else_may_be_at_the_machine_it_is_left_alone(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
    act: Act,
) -> None:
    """A button that they hold would be let go of; the board says that somebody has to look."""
    while_it_connects(monkeypatch, lambda: sync_to_async(act)(live))
    second = await the_line_breaks(bench, console, live, fake_guacd)
    assert keys_heard(second) == []
    assert await nothing_was_released()


async def test_an_answer_that_came_late_counts_for_nothing(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process stood still behind the question: who knows who has come since."""
    clock = itertools.count(step=5)

    async def stands_still() -> None:
        monkeypatch.setattr(release_anew, "clock", lambda: next(clock))

    while_it_connects(monkeypatch, stands_still)
    second = await the_line_breaks(bench, console, live, fake_guacd)
    assert keys_heard(second) == []
    assert await nothing_was_released()


@pytest.mark.parametrize(
    ("act", "released"), [(nothing, True), (somebody_else_begins, False)]
)
async def test_a_restarted_broker_leaves_it_alone_as_well(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
    act: Act,
    released: bool,
) -> None:
    """Neither the release nor the chord that locks the desktop reaches another's work."""
    asset = fake_guacd.connection
    await Endpoint.objects.filter(pk=live.endpoint_id).aupdate(end_action="lock")
    await console.hold(97, asset)
    await bench.until(live, lambda row: row.held_input)
    monkeypatch.setattr("sessions.broker.farewell.wind_up", never)
    await die(bench.broker)
    monkeypatch.undo()
    await sync_to_async(act)(live)
    before = len(keys_heard(asset))
    restarted = Broker()
    await restarted.start()
    try:
        row = await bench.until(live, lambda row: row.end_confirmed_at)
        assert asset.heard[-1].opcode == "disconnect"
        last_words = [("97", "0"), *(chord.args for chord in LOCK)]
        assert keys_heard(asset)[before:] == (last_words if released else [])
        assert row.desktop_state == ("lock_sent" if released else "left_running")
        assert await nothing_was_released() is not released
    finally:
        await restarted.stop()
