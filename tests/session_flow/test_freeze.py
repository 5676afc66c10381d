"""Input stands still: frozen by Olga, by idleness, by a picture that is too old."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.errors import FreshFactorNeeded, NotAllowed, TooLate
from sessions.models import BrokeredSession
from sessions.services.console import send_message
from sessions.services.freezes import freeze_session, resume_session, unfreeze_session
from tests.cast import origin
from tests.session_flow.fake_guacd import FakeConnection, FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel


def keys(asset: FakeConnection) -> list[tuple[str, ...]]:
    return [one.args[:2] for one in asset.heard if one.opcode == "key"]


async def test_olga_freezes_and_lets_go_on(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    olga: User,
    vera: User,
    fake_guacd: FakeGuacd,
) -> None:
    asset = fake_guacd.connection
    await console.hold(97, asset)
    await sync_to_async(freeze_session)(
        live, acting_user=olga, origin=origin(), message="Stand clear"
    )
    frozen = await console.word("frozen")
    assert (frozen["by"], frozen["note"], frozen["step_up"]) == (
        olga.full_name,
        "Stand clear",
        False,
    )
    assert keys(asset)[-1] == ("97", "0")

    await console.send("key", 98, 1)
    await console.send("key", 98, 0)
    frames = len([one for one in console.received if one.opcode == "sync"])
    await console.until(
        lambda: (
            len([one for one in console.received if one.opcode == "sync"]) > frames + 5
        )
    )
    assert ("98", "1") not in keys(asset)

    with pytest.raises(NotAllowed):
        await sync_to_async(unfreeze_session)(live, acting_user=vera, origin=origin())
    with pytest.raises(NotAllowed):
        await sync_to_async(resume_session)(
            live, acting_user=vera, origin=origin(), web_session_key="w"
        )
    with pytest.raises(TooLate):
        await sync_to_async(freeze_session)(
            live, acting_user=olga, origin=origin(), message=""
        )
    await sync_to_async(unfreeze_session)(live, acting_user=olga, origin=origin())
    await console.word("unfrozen")
    await console.hold(99, asset)
    (released,) = await bench.events("session.input.released")
    assert released.detail["keys"] == 1


async def test_only_the_plant_freezes(
    console: Tunnel, live: BrokeredSession, vera: User, cora: User, omar: User
) -> None:
    for person in (vera, cora, omar):
        with pytest.raises(NotAllowed):
            await sync_to_async(freeze_session)(
                live, acting_user=person, origin=origin()
            )


async def test_idleness_freezes_until_the_factor_is_shown_again(
    bench: Bench,
    live: BrokeredSession,
    vera: User,
    settings: Any,
    fake_guacd: FakeGuacd,
) -> None:
    settings.IDLE_FREEZE_SECONDS = 1
    console = await bench.enter(live, vera)
    frozen = await console.word("frozen", cause="idle")
    assert frozen["step_up"] is True
    key = await bench.web_session_key(vera)
    with pytest.raises(FreshFactorNeeded):
        await sync_to_async(resume_session)(
            live, acting_user=vera, origin=origin(factor_age=1_000), web_session_key=key
        )
    settings.IDLE_FREEZE_SECONDS = 600
    await sync_to_async(resume_session)(
        live, acting_user=vera, origin=origin(address="127.0.0.1"), web_session_key=key
    )
    await console.word("unfrozen")
    await console.hold(97, fake_guacd.connection)


async def test_another_address_freezes_and_the_desktop_stays(
    bench: Bench, live: BrokeredSession, vera: User
) -> None:
    await BrokeredSession.objects.filter(pk=live.pk).aupdate(source_address="192.0.2.7")
    console = await bench.enter(live, vera)
    await console.picture()
    await console.word("frozen", cause="address")
    assert (await bench.row(live)).is_live


async def test_input_on_an_old_picture_is_discarded_and_counted(
    console: Tunnel, live: BrokeredSession, bench: Bench, fake_guacd: FakeGuacd
) -> None:
    asset = fake_guacd.connection
    await console.hold(97, asset)
    console.answers_sync = False
    await asyncio.sleep(1.3)
    await console.send("key", 98, 1)
    await console.send("key", 97, 0)
    discarded = await console.word("input-discarded")
    assert discarded["count"] == 1
    await console.until(lambda: ("97", "0") in keys(asset))
    assert ("98", "1") not in keys(asset)


async def test_guacd_is_answered_though_the_browser_answers_nothing(
    console: Tunnel, fake_guacd: FakeGuacd
) -> None:
    console.answers_sync = False
    (owner,) = fake_guacd.connection.users
    answered = len(owner.answered)
    await console.until(lambda: len(owner.answered) > answered + 3)


async def test_words_reach_everyone_and_stay(
    bench: Bench, console: Tunnel, live: BrokeredSession, vera: User, olga: User
) -> None:
    await sync_to_async(send_message)(
        live, acting_user=olga, origin=origin(), text="  Wait. "
    )
    said = await console.word("message")
    assert (said["text"], said["name"], said["own"]) == ("Wait.", olga.full_name, False)
    again = await bench.enter(live, vera)
    assert (await again.word("message"))["text"] == "Wait."


async def test_held_keys_are_known_to_the_database(
    bench: Bench, console: Tunnel, live: BrokeredSession, fake_guacd: FakeGuacd
) -> None:
    await console.hold(97, fake_guacd.connection)
    row = await bench.until(live, lambda row: row.held_input)
    ((_participant, kind, (keysym, _press)),) = row.held_input
    assert (kind, keysym) == ("key", "97")
    await console.send("key", 97, 0)
    await bench.until(live, lambda row: row.held_input == [])


async def test_a_browser_that_falls_silent_holds_nothing(
    console: Tunnel, fake_guacd: FakeGuacd
) -> None:
    console.answers_sync = False
    await console.hold(97, fake_guacd.connection)
    await console.until(lambda: ("97", "0") in keys(fake_guacd.connection), 10.0)
