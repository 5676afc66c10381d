"""While Vera is away: what Olga sees of the work, and how Vera finds it again."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from sessions.models import BrokeredSession
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel


async def held(bench: Bench, live: BrokeredSession) -> None:
    """Until the session is held and its picture is there."""
    actor = bench.broker.actor_of(live.pk)
    assert actor is not None
    await bench.until(live, lambda row: row.frozen_cause == "away")
    actor.opening.forget()
    while actor.held.text() is None:
        await bench.row(live)


async def ask(bench: Bench, who: User, url: str) -> Any:
    browser = await bench.browser(who)
    return await sync_to_async(browser.get)(url)


async def test_the_plant_sees_how_it_was_left_and_what_was_touched_last(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    vera: User,
    olga: User,
    victor: User,
    fake_guacd: FakeGuacd,
) -> None:
    await console.until(lambda: fake_guacd.connection.users)
    await console.send("mouse", 321, 123, 0)
    await console.send("mouse", 321, 123, 1)
    await console.until(
        lambda: ("321", "123", "1") in [one.args for one in fake_guacd.connection.heard]
    )
    assert (await bench.status(live, olga))["held"] is None
    await console.vanish()
    await held(bench, live)

    url = (await bench.status(live, olga))["held"]["picture_url"]
    answer = await ask(bench, olga, url)
    shown = answer.json()
    assert shown["picture"]["text"].startswith("4.size,1.0,")
    assert "3.img," in shown["picture"]["text"]
    assert shown["picture"]["taken_at"] and shown["since"]
    touched = shown["touched"]
    assert (touched["kind"], touched["x"], touched["y"]) == ("click", 321, 123)
    assert vera.full_name in touched["sentence"]
    await bench.events("session.picture.seen")

    assert (await ask(bench, victor, url)).status_code == 404
    assert (await ask(bench, vera, url)).status_code == 403
    again = await bench.enter(live, vera)
    await again.picture()
    assert (await ask(bench, olga, url)).status_code == 409


async def test_who_comes_back_waits_for_no_join(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    vera: User,
    fake_guacd: FakeGuacd,
) -> None:
    await console.vanish()
    await held(bench, live)
    joins = fake_guacd.connection.joins

    again = await bench.enter(live, vera)
    await again.picture()
    await bench.until(live, lambda row: not row.frozen_at)
    assert fake_guacd.connection.joins == joins
    assert [one.opcode for one in again.received].count("size") == 1
    await again.hold(98, fake_guacd.connection)


async def test_a_browser_of_which_nothing_is_heard_is_not_there(
    bench: Bench, console: Tunnel, live: BrokeredSession, vera: User
) -> None:
    """Its socket is still open: a computer that sleeps, a network that is gone."""
    console.answers_sync = False
    actor = bench.broker.actor_of(live.pk)
    assert actor is not None and actor.owner is not None
    actor.owner.heard_at -= 60.0
    await bench.until(live, lambda row: row.frozen_cause == "away")
    assert await console.closed() == 4013
    again = await bench.enter(live, vera)
    await again.picture()
    await bench.until(live, lambda row: not row.frozen_at)
