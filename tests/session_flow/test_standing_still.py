"""A process that stood still, and a picture that is being replaced: nothing stays pressed,
and nothing is pressed on what nobody saw."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async

from sessions.broker import viewer
from sessions.models import BrokeredSession
from tests.session_flow.evidence import journal_of, keys_heard
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel


async def releases_of(live: BrokeredSession) -> int:
    lines = await sync_to_async(journal_of)(live)
    return sum(1 for line in lines if line.kind == "release")


async def test_what_could_not_be_released_is_released_as_soon_as_it_may(
    bench: Bench, live: BrokeredSession, console: Tunnel, fake_guacd: FakeGuacd
) -> None:
    """A lone broker wakes with its lease over by its own clock: the gate keeps the release
    in, so it is neither forgotten nor written down as done."""
    asset = fake_guacd.connection
    await console.hold(97, asset)
    await bench.until(live, lambda row: row.held_input)
    actor = bench.broker.actor_of(live.pk)
    renew_all = bench.broker.fleet.leases.renew_all

    async with (
        bench.broker.fleet.leases._asking
    ):  # the database does not answer meanwhile
        actor.lease._asked_at -= 10
        actor.lease.notice_wear()
        assert keys_heard(asset)[-1] == ("97", "1")
        await asyncio.sleep(0.4)
        assert (await bench.row(live)).held_input
        assert await releases_of(live) == 0
    await renew_all()

    async with asyncio.timeout(20):
        while keys_heard(asset)[-1] != ("97", "0"):
            await asyncio.sleep(0.02)
    await bench.events("session.input.released")
    await bench.until(live, lambda row: not row.held_input)
    assert await releases_of(live) == 1
    assert actor.input.held_rows() == []


async def test_a_key_on_a_picture_that_is_being_replaced_is_not_sent(
    bench: Bench,
    live: BrokeredSession,
    console: Tunnel,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The link carried no more; all that was sent is drawn, and the fresh picture is late."""
    monkeypatch.setattr(viewer, "BEHIND_SECONDS", 0.5)
    asset = fake_guacd.connection
    await console.hold(96, asset)
    actor = bench.broker.actor_of(live.pk)
    actor.opening.forget()
    wanted = asyncio.Event()
    monkeypatch.setattr(actor.pictures, "want", lambda taker: wanted.set())
    console.answers_sync = False
    await console.until(lambda: actor.owner.viewer.state is viewer.State.BEHIND)
    last = [one for one in console.received if one.opcode == "sync"][-1]
    await console.send("sync", last.args[0])
    async with asyncio.timeout(20):
        await wanted.wait()

    await asyncio.sleep(1.1)
    await console.send("key", 98, 1)
    told = await console.word("input-discarded")
    assert told["kinds"] == {"key": 1}
    assert ("98", "1") not in keys_heard(asset)
