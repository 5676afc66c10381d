"""The way in: who is refused before the socket opens, and who is shown out."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.models import AccessRequest, MaintenanceWindow
from sessions.guacamole.instruction import encode
from sessions.models import BrokeredSession, TunnelTicket
from tests.cast import make_window
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench


@pytest.fixture
async def live(
    bench: Bench, window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> BrokeredSession:
    brokered_session = await bench.start(window, filling_hmi, vera)
    return await bench.until(brokered_session, lambda row: row.state == "active")


async def test_a_ticket_lets_in_once(
    bench: Bench, live: BrokeredSession, vera: User
) -> None:
    ticket = await bench.ticket(live, vera)
    opened, console = await bench.knock(ticket.path, ticket.token, vera)
    assert opened
    await console.picture()
    again, _ = await bench.knock(ticket.path, ticket.token, vera)
    assert not again
    assert not console.close_code


async def test_the_wrong_way_in_stays_shut(
    bench: Bench, live: BrokeredSession, vera: User, victor: User, olga: User
) -> None:
    async def refused(
        user: User | None = vera, token: str = "", **fields: object
    ) -> bool:
        ticket = await bench.ticket(live, vera)
        path = str(fields.pop("path", ticket.path))
        opened, _ = await bench.knock(path, token or ticket.token, user, **fields)  # type: ignore[arg-type]
        return not opened

    assert await refused(from_origin="https://evil.example")
    assert await refused(user=None)
    assert await refused(token="guessed")
    assert await refused(token="x" * 5_000)
    assert await refused(user=victor)
    assert await refused(user=olga)
    assert await refused(subprotocols=[])
    assert await refused(path="/tunnel/another-broker/")


async def test_an_old_ticket_and_one_of_another_web_session_are_refused(
    bench: Bench, live: BrokeredSession, vera: User
) -> None:
    ticket = await bench.ticket(live, vera)
    await TunnelTicket.objects.aupdate(expires_at=timezone.now())
    assert not (await bench.knock(ticket.path, ticket.token, vera))[0]

    ticket = await bench.ticket(live, vera)
    await TunnelTicket.objects.filter(used_at__isnull=True).aupdate(
        web_session_key="other"
    )
    assert not (await bench.knock(ticket.path, ticket.token, vera))[0]


async def test_without_a_second_factor_nobody_gets_in(
    bench: Bench, live: BrokeredSession, vera: User
) -> None:
    from asgiref.sync import sync_to_async

    browser = await bench.browser(vera)
    ticket = await bench.ticket(live, vera)

    def forget() -> None:
        web_session = browser.session
        del web_session["factor_at"]
        web_session.save()

    await sync_to_async(forget)()
    assert not (await bench.knock(ticket.path, ticket.token, vera))[0]


async def test_policy_is_asked_before_the_socket_opens(
    bench: Bench, live: BrokeredSession, window: MaintenanceWindow, vera: User
) -> None:
    ticket = await bench.ticket(live, vera)
    await MaintenanceWindow.objects.filter(pk=window.pk).aupdate(
        revoked_at=timezone.now(), revoke_reason="Stop"
    )
    assert not (await bench.knock(ticket.path, ticket.token, vera))[0]
    row = await bench.until(live, lambda row: row.end_confirmed_at)
    assert row.end_reason == "window_revoked"


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        encode("pipe", 1, "text/plain", "x"),
        encode("argv", 1, "text/plain", "password"),
        encode("key", 97, 1) * 12_000,
        "4.key,2.97,1.1;",
    ],
)
async def test_who_sends_what_is_not_the_protocol_is_shown_out(
    bench: Bench, live: BrokeredSession, vera: User, fake_guacd: FakeGuacd, text: str
) -> None:
    console = await bench.enter(live, vera)
    await console.picture()
    await console.hold(98, fake_guacd.connection)
    await console.send_text(text)
    closed = await console.word("closed")
    assert closed["sentence"]
    assert await console.closed() in (4008, 4009)
    assert not any(
        one.opcode in ("pipe", "argv") for one in fake_guacd.connection.heard
    )
    # What was held was released, and the work is still there to come back to.
    row = await bench.until(live, lambda row: row.frozen_cause == "away")
    assert row.is_live
    keys = [one.args[:2] for one in fake_guacd.connection.heard if one.opcode == "key"]
    assert ("98", "1") in keys
    assert keys[-1] == ("98", "0")
    await bench.events("session.input.blocked")
    again = await bench.enter(live, vera)
    await again.picture()


async def test_view_only_sends_nothing(
    bench: Bench, filling_hmi: Endpoint, vera: User, olga: User, fake_guacd: FakeGuacd
) -> None:
    from asgiref.sync import sync_to_async

    window = await sync_to_async(make_window)(
        vera, filling_hmi, decided_by=olga, permission=AccessRequest.Permission.VIEW
    )
    brokered_session = await bench.start(window, filling_hmi, vera)
    console = await bench.enter(brokered_session, vera)
    await console.picture()
    state = await console.word("state", state="active")
    assert state["may_send"] is False
    for _ in range(3):
        await console.send("mouse", 5, 5, 1)
    await console.send("key", 97, 1)
    await console.send("size", 800, 600)
    blocked = await console.word("input-blocked")
    assert blocked["sentence"]
    await console.send("", "ping", "1")
    await console.until(
        lambda: any(
            one.opcode == "" and one.args[0] == "ping" for one in console.received
        )
    )
    heard = {one.opcode for one in fake_guacd.connection.heard}
    assert heard <= {"sync", "disconnect"}  # of a look that came and went
    owner = fake_guacd.connection.users[0]
    assert {one.opcode for one in owner.heard} <= {"sync"}
    assert owner.arguments["read-only"] == "true"
    await bench.events("session.input.blocked", 2)  # once for each kind
    assert console.close_code is None


async def test_an_observer_sends_nothing_and_the_contractor_sees_who_watches(
    bench: Bench, live: BrokeredSession, vera: User, olga: User, fake_guacd: FakeGuacd
) -> None:
    console = await bench.enter(live, vera)
    await console.picture()
    watching = await bench.enter(live, olga)
    await watching.picture()
    await console.until(
        lambda: (
            len(
                console.words
                and [word for word in console.words if word[0] == "participants"][-1][
                    1
                ]["participants"]
            )
            == 2
        )
    )
    await watching.send("key", 97, 1)
    await watching.word("input-blocked")
    assert not any(one.opcode == "key" for one in fake_guacd.connection.heard)
    # She sees where Vera's pointer is.
    await console.send("mouse", 321, 123, 0)
    await watching.until(
        lambda: any(
            one.opcode == "mouse" and one.args[:2] == ("321", "123")
            for one in watching.received
        )
    )


async def test_only_a_clamped_size_goes_on_and_none_where_it_is_fixed(
    bench: Bench, live: BrokeredSession, vera: User, fake_guacd: FakeGuacd
) -> None:
    console = await bench.enter(live, vera)
    await console.picture()
    await console.send("size", 1, 1)
    asset = fake_guacd.connection
    await console.until(lambda: any(one.opcode == "size" for one in asset.heard))
    (size,) = [one for one in asset.heard if one.opcode == "size"]
    assert size.args == ("320", "240")


async def test_the_same_person_elsewhere_takes_over_the_console(
    bench: Bench, live: BrokeredSession, vera: User
) -> None:
    first = await bench.enter(live, vera)
    await first.picture()
    second = await bench.enter(live, vera)
    await second.picture()
    assert await first.closed() == 4002
    row = await bench.row(live)
    assert row.frozen_at is None


async def test_a_restarted_browser_never_gets_another_persons_language(
    bench: Bench, live: BrokeredSession, vera: User
) -> None:
    await User.objects.filter(pk=vera.pk).aupdate(language="de")
    console = await bench.enter(live, vera)
    state = await console.word("state")
    assert state["number"] == live.number
