"""Every end is an end, says why, and is proven, or says that it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accessportal.accounts.models import User, Vendor
from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Endpoint, Site
from requests.models import MaintenanceWindow
from requests.services.moving import recall_window
from requests.signals import window_revoked
from sessions.guacamole.handshake import HANDSHAKE_TRIES
from sessions.models import BrokeredSession, LeftPressed, Recording
from sessions.services.console import request_end
from tests.cast import Plant, make_window, origin
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel


async def over(bench: Bench, live: BrokeredSession, reason: str) -> BrokeredSession:
    row = await bench.until(live, lambda row: row.end_confirmed_at)
    assert row.end_reason == reason
    assert row.slot is None
    return row


async def test_an_end_is_when_guacd_was_told_not_when_everything_is_tidied_up(
    bench: Bench, console: Tunnel, live: BrokeredSession, olga: User
) -> None:
    actor = bench.broker.actors[str(live.pk)]
    assert actor.stream is not None and actor.pictures is not None
    began: list[datetime] = []

    def beginning(
        close: Callable[[], Awaitable[None]],
    ) -> Callable[[], Awaitable[None]]:
        async def begin() -> None:
            began.append(timezone.now())
            await close()

        return begin

    actor.stream.close = beginning(actor.stream.close)  # type: ignore[method-assign]
    actor.pictures.close = beginning(actor.pictures.close)  # type: ignore[method-assign]
    await sync_to_async(request_end)(live, acting_user=olga, origin=origin())
    row = await over(bench, live, "ended_by_plant")
    assert len(began) >= 2
    assert row.ended_at is not None and row.ended_at <= min(began)


async def test_the_window_ends_the_session_on_the_second(
    bench: Bench, console: Tunnel, live: BrokeredSession, window: MaintenanceWindow
) -> None:
    closes_at = timezone.now() + timedelta(seconds=4.3)
    await MaintenanceWindow.objects.filter(pk=window.pk).aupdate(closes_at=closes_at)
    ended = await console.word("ended")
    assert ended["reason"] == "window_closed"
    assert ended["can_start_again"] is False
    row = await over(bench, live, "window_closed")
    assert row.ended_at is not None
    assert timedelta(0) <= row.ended_at - closes_at < timedelta(seconds=1)


async def test_an_extension_lets_it_go_on_and_the_end_is_announced(
    bench: Bench, console: Tunnel, live: BrokeredSession, window: MaintenanceWindow
) -> None:
    windows = MaintenanceWindow.objects.filter(pk=window.pk)
    await windows.aupdate(closes_at=timezone.now() + timedelta(seconds=303))
    warning = await console.word("warning")
    assert warning["minutes"] == 5
    assert "5 minutes" in warning["sentence"]
    await windows.aupdate(closes_at=timezone.now() + timedelta(hours=1))
    await bench.until(live, lambda row: row.is_live)
    (event,) = await bench.events("session.warned")
    assert event.detail["minutes"] == 5


async def test_wanted_back_is_said_at_once(
    bench: Bench, console: Tunnel, live: BrokeredSession, window: MaintenanceWindow,
    olga: User,
) -> None:  # fmt: skip
    await sync_to_async(recall_window)(
        window, acting_user=olga, origin=origin(), minutes=10, reason="Needed"
    )
    warning = await console.word("warning")
    assert warning["minutes"] == 10 and "10 minutes" in warning["sentence"]
    (event,) = await bench.events("session.warned")
    assert event.detail["minutes"] == 10
    await bench.until(live, lambda row: row.is_live)


Act = Callable[[Plant, BrokeredSession], Any]


def revoke(plant: Plant, live: BrokeredSession) -> None:
    window = live.window
    window.revoked_at, window.revoke_reason, window.revoked_by = (
        timezone.now(),
        "Stop",
        plant.olga,
    )
    window.save()
    window_revoked.send(None, window=window, acting_user=plant.olga, reason="Stop")


@pytest.mark.parametrize(
    ("reason", "act"),
    [
        ("window_revoked", revoke),
        ("vendor_suspended", lambda plant, live: Vendor.objects.filter(
            pk=plant.fillwerk.pk).update(suspended_at=timezone.now())),
        ("account_disabled", lambda plant, live: User.objects.filter(
            pk=plant.vera.pk).update(disabled_at=timezone.now())),
        ("site_isolated", lambda plant, live: Site.objects.filter(
            pk=plant.north.pk).update(isolated_at=timezone.now())),
        ("ended_by_plant", lambda plant, live: request_end(
            live, acting_user=plant.ivan, origin=origin(), note="Not now")),
    ],
)  # fmt: skip
async def test_an_act_of_a_person_ends_it(
    bench: Bench, plant: Plant, console: Tunnel, live: BrokeredSession, reason: str, act: Act,
    fake_guacd: FakeGuacd,
) -> None:  # fmt: skip
    await console.hold(97, fake_guacd.connection)
    await sync_to_async(act)(plant, live)
    ended = await console.word("ended")
    assert ended["reason"] == reason
    assert ended["sentence"] and ended["what_now"]
    await over(bench, live, reason)
    said = [one for one in fake_guacd.connection.heard if one.opcode != "sync"]
    assert said[-2].args == ("97", "0")
    assert said[-1].opcode == "disconnect"


async def test_signing_out_ends_it(
    bench: Bench, console: Tunnel, live: BrokeredSession, vera: User
) -> None:
    browser = await bench.browser(vera)
    await sync_to_async(browser.post)("/accounts/logout/")
    assert (await console.word("ended"))["reason"] == "signed_out"
    await over(bench, live, "signed_out")


async def test_what_was_recorded_is_sealed_and_told(
    bench: Bench, console: Tunnel, live: BrokeredSession, vera: User
) -> None:
    await sync_to_async(request_end)(live, acting_user=vera, origin=origin())
    await over(bench, live, "ended_by_contractor")

    async def sealed() -> bool:
        recording = await Recording.objects.aget(brokered_session=live)
        return recording.state == Recording.State.SEALED

    async with asyncio.timeout(20):
        while not await sealed():
            await asyncio.sleep(0.05)


async def test_the_machine_closing_is_an_end(
    bench: Bench, console: Tunnel, live: BrokeredSession, fake_guacd: FakeGuacd
) -> None:
    fake_guacd.connection.say("5.error,11.Forced off.,3.521;")
    ended = await console.word("ended")
    assert ended["reason"] == "asset_closed"
    assert "another one began" in ended["sentence"]
    row = await over(bench, live, "asset_closed")
    assert row.guacd_status == 521


async def test_a_dead_child_says_nothing_and_is_noticed(
    bench: Bench, console: Tunnel, live: BrokeredSession, fake_guacd: FakeGuacd
) -> None:
    fake_guacd.kill_child(fake_guacd.connection)
    assert (await console.word("ended", 15.0))["reason"] == "connection_lost"
    await over(bench, live, "connection_lost")


async def test_where_no_guacd_is_left_somebody_is_told_to_look(
    bench: Bench, console: Tunnel, live: BrokeredSession, fake_guacd: FakeGuacd
) -> None:
    """Nothing can be released, and nothing says that it was."""
    await console.hold(97, fake_guacd.connection)
    await fake_guacd.close()
    assert (await console.word("ended", 15.0))["reason"] == "connection_lost"
    async with asyncio.timeout(20):
        while not await LeftPressed.objects.filter(brokered_session=live).aexists():
            await asyncio.sleep(0.05)
    left = await LeftPressed.objects.aget(brokered_session=live)
    assert (left.held, left.released_at) == (1, None)
    said = AuditEvent.objects.filter(event="session.input.released")
    assert not await said.aexists()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (512, "identity could not be confirmed"),
        (515, "could not be started"),
        (519, "cannot be reached"),
        (769, "did not accept"),
        (776, "not being answered"),
        (9_999, "not known"),
    ],
)
async def test_each_failure_to_connect_has_its_sentence(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    fake_guacd: FakeGuacd,
    code: int,
    sentence: str,
) -> None:
    fake_guacd.refuse_with = ("no", code)
    live = await bench.start(window, filling_hmi, vera)
    row = await over(bench, live, "not_connected")
    assert row.state == "failed"
    assert row.guacd_status == code
    status = await bench.status(row, vera)
    assert sentence in status["end_sentence"]
    assert status["can_start_again"]
    # The place is free: she may try again.
    fake_guacd.refuse_with = None
    assert (await bench.start(window, filling_hmi, vera)).pk != live.pk


async def test_guacd_down_has_its_sentence_and_frees_the_place(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    fake_guacd: FakeGuacd,
) -> None:
    await fake_guacd.close()
    live = await bench.start(window, filling_hmi, vera)
    row = await over(bench, live, "not_connected")
    assert row.failure == "guacd_unreachable"
    assert "not running" in (await bench.status(row, vera))["end_sentence"]
    assert await AuditEvent.objects.filter(event="session.failed").aexists()


async def test_a_protocol_guacd_lacks_is_not_waited_for_for_ever(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions.broker.upstream.HANDSHAKE_SECONDS", 0.3)
    fake_guacd.answers_nothing = True
    row = await over(
        bench, await bench.start(window, filling_hmi, vera), "not_connected"
    )
    assert row.failure == "guacd_silent"
    assert fake_guacd.selects == ["vnc"] * HANDSHAKE_TRIES


async def test_a_guacd_that_hangs_before_it_calls_the_machine_is_asked_again(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions.broker.upstream.HANDSHAKE_SECONDS", 0.3)
    fake_guacd.silences = HANDSHAKE_TRIES - 1
    live = await bench.start(window, filling_hmi, vera)
    await bench.until(live, lambda row: row.state == BrokeredSession.State.ACTIVE)
    assert fake_guacd.selects.count("vnc") == HANDSHAKE_TRIES
    assert len(fake_guacd.connections) == 1


async def test_a_machine_that_sends_no_picture_is_not_waited_for_for_ever(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions.broker.supervision.FIRST_PICTURE_SECONDS", 0.3)
    fake_guacd.no_picture = True
    row = await over(
        bench, await bench.start(window, filling_hmi, vera), "not_connected"
    )
    assert row.failure == "no_picture"


async def test_an_ssh_machine_without_a_credential_is_never_asked_for_one(
    bench: Bench,
    filling_gateway: Endpoint,
    vera: User,
    olga: User,
    fake_guacd: FakeGuacd,
) -> None:
    def without_credential() -> MaintenanceWindow:
        filling_gateway.credential.delete()
        filling_gateway.host_key = "ssh-ed25519 " + "A" * 68
        filling_gateway.save()
        return make_window(vera, filling_gateway, decided_by=olga)

    window = await sync_to_async(without_credential)()
    row = await over(
        bench, await bench.start(window, filling_gateway, vera), "not_connected"
    )
    assert row.failure == "username_missing"
    assert fake_guacd.selects == []
    assert "No user name" in (await bench.status(row, vera))["end_sentence"]


async def test_an_end_that_cannot_be_proven_says_so_and_keeps_its_place(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    vera: User,
    fake_guacd: FakeGuacd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions.broker.proof.UNCONFIRMED_AFTER_SECONDS", 0.4)
    monkeypatch.setattr("sessions.broker.proof.RETRY_EVERY_SECONDS", 0.2)
    fake_guacd.lingers = True
    await sync_to_async(request_end)(live, acting_user=vera, origin=origin())

    async with asyncio.timeout(20):
        while not await AuditEvent.objects.filter(
            event="session.end.unconfirmed"
        ).aexists():
            await asyncio.sleep(0.05)
    row = await bench.row(live)
    assert row.slot == 0
    assert row.is_ending
    assert row.end_proof["guacd"] == "still_there"
    assert (await bench.status(row, vera))["state"] == "ending"

    fake_guacd.connection.dead = True
    await over(bench, live, "ended_by_contractor")


async def test_ended_while_it_still_connects(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    fake_guacd: FakeGuacd,
) -> None:
    fake_guacd.no_picture = True
    live = await bench.start(window, filling_hmi, vera)
    console = await bench.enter(live, vera)
    await console.word("state")
    await sync_to_async(request_end)(live, acting_user=vera, origin=origin())
    assert (await console.word("ended"))["reason"] == "ended_by_contractor"
    await over(bench, live, "ended_by_contractor")


async def test_a_restart_of_the_portal_ends_properly(
    bench: Bench, console: Tunnel, live: BrokeredSession, fake_guacd: FakeGuacd
) -> None:
    await bench.broker.stop()
    assert await console.closed() == 4012
    row = await over(bench, live, "interrupted")
    assert row.ended_at
    assert fake_guacd.connection.heard[-1].opcode == "disconnect"
