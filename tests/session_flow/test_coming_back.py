"""A shaky link, a slow one, a reload: the work stays, and the picture comes back."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.errors import NotPossible
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, Participant
from sessions.services.freezes import freeze_session, unfreeze_session
from tests.cast import origin
from tests.session_flow.fake_guacd import PICTURE, FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel


async def forget_opening(bench: Bench, live: BrokeredSession) -> None:
    """As after ten seconds: who comes now needs a picture of its own."""
    actor = bench.broker.actor_of(live.pk)
    assert actor is not None
    actor.opening.forget()


async def test_a_vanished_browser_holds_nothing_and_the_work_waits(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    vera: User,
    fake_guacd: FakeGuacd,
) -> None:
    asset = fake_guacd.connection
    await console.hold(97, asset)
    await console.vanish()
    await bench.until(live, lambda row: row.frozen_cause == "away")
    assert [one.args[:2] for one in asset.heard if one.opcode == "key"][-1] == (
        "97",
        "0",
    )
    assert asset.users  # our one connection stays
    # A look at the picture may have come and gone; our own user never left.
    assert "disconnect" not in {one.opcode for one in asset.users[0].heard}

    await forget_opening(bench, live)
    back = await bench.enter(live, vera)
    await back.picture()
    assert asset.joins >= 1
    await bench.until(live, lambda row: row.frozen_at is None)
    await back.hold(98, asset)
    left = await Participant.objects.aget(leave_reason="vanished")
    assert left.left_at
    assert await Participant.objects.acount() == 2


async def test_a_freeze_lifted_while_vera_is_gone_leaves_the_work_held(
    bench: Bench, console: Tunnel, live: BrokeredSession, vera: User, olga: User
) -> None:
    freeze = partial(freeze_session, live, acting_user=olga, origin=origin())
    await sync_to_async(freeze)(message="Wait")
    await console.word("frozen", cause="person")
    await console.vanish()
    await bench.events("session.participant.left")
    assert (await bench.row(live)).frozen_cause == "person"

    unfreeze = partial(unfreeze_session, live, acting_user=olga, origin=origin())
    await sync_to_async(unfreeze)()
    await bench.until(live, lambda row: row.frozen_cause == "away")
    with pytest.raises(NotPossible):
        await sync_to_async(unfreeze)()
    back = await bench.enter(live, vera)
    await back.picture()
    await bench.until(live, lambda row: row.frozen_at is None)


async def test_leaving_keeps_the_work_open(
    bench: Bench, console: Tunnel, live: BrokeredSession, vera: User
) -> None:
    await console.send("portal", "leave", "{}")
    assert await console.closed() == 4001
    row = await bench.until(live, lambda row: row.frozen_cause == "away")
    assert row.is_live
    status = await bench.status(row, vera)
    assert status["can_return"]
    await bench.events("session.participant.left")


async def test_one_bad_picture_in_thirty_is_taken_again(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    olga: User,
    fake_guacd: FakeGuacd,
) -> None:
    await forget_opening(bench, live)
    fake_guacd.corrupt_joins = 3
    watching = await bench.enter(live, olga)
    await watching.picture()
    # On a slow computer Vera, too, may have needed another.
    assert fake_guacd.corrupt_joins == 0
    assert fake_guacd.connection.joins >= 4


async def test_nobody_joins_before_the_first_picture(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    olga: User,
    fake_guacd: FakeGuacd,
) -> None:
    fake_guacd.no_picture = True
    live = await bench.start(window, filling_hmi, vera)
    watching = await bench.enter(live, olga)
    console = await bench.enter(live, vera)
    await asyncio.sleep(0.4)
    assert fake_guacd.connection.joins == 0
    assert not [one for one in console.received if one.opcode == "sync"]
    fake_guacd.connection.say(PICTURE)
    await console.picture()
    await watching.picture()


async def test_joins_leave_and_stay_nowhere(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    olga: User,
    fake_guacd: FakeGuacd,
) -> None:
    await forget_opening(bench, live)
    watching = await bench.enter(live, olga)
    await watching.picture()
    asset = fake_guacd.connection
    await watching.until(lambda: len(asset.users) == 1)
    heard_of_join = [one.opcode for one in asset.heard if one.opcode == "disconnect"]
    assert heard_of_join == ["disconnect"] * asset.joins


async def test_an_observer_who_may_not_watch_any_more_is_shown_out(
    bench: Bench, console: Tunnel, live: BrokeredSession, olga: User
) -> None:
    watching = await bench.enter(live, olga)
    await watching.picture()
    await olga.role_grants.all().adelete()
    assert await watching.closed() == 4003
    assert console.close_code is None


async def test_the_picture_of_two_is_the_same_from_the_same_frame_on(
    bench: Bench, console: Tunnel, live: BrokeredSession, olga: User
) -> None:
    await forget_opening(bench, live)
    watching = await bench.enter(live, olga)
    await watching.picture()

    def frames(tunnel: Tunnel) -> list[str]:
        return [one.args[0] for one in tunnel.received if one.opcode == "sync"]

    await watching.until(lambda: len(frames(watching)) > 10)
    seen = frames(watching)
    hers = frames(console)
    start = hers.index(seen[0])
    await console.until(lambda: len(frames(console)) >= start + len(seen))
    assert frames(console)[start : start + len(seen)] == seen
