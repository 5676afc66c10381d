"""What the portal's record says of its sessions, beside what guacd says."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.urls import reverse
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Endpoint
from sessions.broker import reconciling
from sessions.broker.actor import SessionActor
from sessions.broker.reconciling import look_round
from sessions.models import BrokeredSession, Sighting
from sessions.services import reconcile
from sessions.services.console import request_end
from tests.cast import Plant, make_window, signed_in
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import PATIENCE, Bench, Tunnel

Disagreement = Sighting.Disagreement


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every round is far enough from the one before, nothing settles, and only the test's
    own rounds are made."""
    monkeypatch.setattr(reconciling, "ROUND_SECONDS", 3600.0)
    for name in ("TWICE", "ASK_AGAIN", "SETTLING", "LEASE_GRACE"):
        monkeypatch.setattr(reconcile, name, timedelta(0))


@pytest.fixture
async def live(bench: Bench, plant: Plant, filling_hmi: Endpoint) -> BrokeredSession:
    window = await sync_to_async(make_window)(
        plant.vera, filling_hmi, decided_by=plant.olga
    )
    return await bench.start(window, filling_hmi, plant.vera)


@pytest.fixture
async def console(bench: Bench, live: BrokeredSession, plant: Plant) -> Tunnel:
    tunnel = await bench.enter(live, plant.vera)
    await tunnel.picture()
    return tunnel


async def look(bench: Bench, *, heard: bool = True) -> None:
    """One round of the broker; `heard`: of its own actors, too."""
    actors = list(bench.broker.actors.values()) if heard else []
    await look_round(actors, bench.broker.db)


async def sighting(row: BrokeredSession) -> Sighting:
    return await Sighting.objects.aget(pk=row.pk)


async def test_what_is_heard_needs_no_question(
    bench: Bench, console: Tunnel, live: BrokeredSession, fake_guacd: FakeGuacd
) -> None:
    asked = len(fake_guacd.selects)
    await look(bench)
    await look(bench)
    seen = await sighting(live)
    assert seen.heard_at is not None
    assert (seen.disagreement, seen.asked_at) == ("", None)
    assert len(fake_guacd.selects) == asked


async def test_a_session_that_guacd_does_not_know(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when its process hangs with a fresh lease: nobody here hears anything of it."""
    await BrokeredSession.objects.filter(pk=live.pk).aupdate(
        guacd_connection_id="$00000000-0000-0000-0000-000000000000"
    )
    await look(bench, heard=False)
    first = await sighting(live)
    assert (first.answer, first.disagreement) == ("unknown", "")

    await look(bench, heard=False)
    assert (await sighting(live)).disagreement == Disagreement.NOT_AT_GUACD
    await look(bench, heard=False)
    (event,) = await bench.events("session.disagreement.found")
    assert event.detail["disagreement"] == "not_at_guacd"

    await look(bench)  # its process is heard again
    assert (await sighting(live)).disagreement == ""


async def test_an_ended_session_that_guacd_still_has_is_disconnected_again(
    bench: Bench, console: Tunnel, live: BrokeredSession, fake_guacd: FakeGuacd
) -> None:
    await sync_to_async(request_end)(live, acting_user=None, reason="ended_by_plant")
    await bench.until(live, lambda row: row.end_confirmed_at)
    connection = fake_guacd.connection
    assert connection.dead

    joins = connection.joins
    connection.dead, fake_guacd.lingers = False, True  # somebody holds it open
    await look(bench)
    await look(bench)
    assert (await sighting(live)).disagreement == Disagreement.STILL_AT_GUACD
    assert connection.joins > joins
    assert [one.opcode for one in connection.heard][-1] == "disconnect"
    await bench.events("session.disagreement.found")

    connection.dead = True
    await look(bench)
    assert (await sighting(live)).disagreement == ""


async def test_a_lease_that_nobody_renews(
    bench: Bench, plant: Plant, live: BrokeredSession, console: Tunnel
) -> None:
    """Seen from another process: the row is live, its lease is old."""
    old = timezone.now() - timedelta(seconds=30)
    at = timezone.now()
    await BrokeredSession.objects.filter(pk=live.pk).aupdate(lease_expires_at=old)
    for seconds in (0, 1):
        await sync_to_async(reconcile._weigh)(
            await sync_to_async(_row)(live),
            Disagreement.NO_BROKER,
            at + timedelta(seconds=seconds),
        )
    assert (await sighting(live)).disagreement == Disagreement.NO_BROKER
    await BrokeredSession.objects.filter(pk=live.pk).aupdate(
        lease_expires_at=timezone.now() + timedelta(minutes=1)
    )
    await sync_to_async(reconcile.look_at_leases)()
    assert (await sighting(live)).disagreement == ""


async def test_a_guacd_that_does_not_answer(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    unused_tcp_port: int,
) -> None:
    await BrokeredSession.objects.filter(pk=live.pk).aupdate(
        guacd_address=f"127.0.0.1:{unused_tcp_port}"
    )
    await look(bench, heard=False)
    await look(bench, heard=False)
    assert (await sighting(live)).disagreement == Disagreement.GUACD_SILENT
    # Its end would ask there, too, and wait for the answer.
    await BrokeredSession.objects.filter(pk=live.pk).aupdate(
        guacd_address=live.guacd_address
    )


async def test_beginning_and_ending_raise_no_alarm(
    bench: Bench, plant: Plant, live: BrokeredSession, console: Tunnel
) -> None:
    await look(bench)
    await sync_to_async(request_end)(live, acting_user=None, reason="ended_by_plant")
    rounds = 0
    while not (await bench.row(live)).end_confirmed_at or rounds < 4:
        await look(bench)
        rounds += 1
        await asyncio.sleep(0.02)
    assert (await sighting(live)).disagreement == ""
    assert not await AuditEvent.objects.filter(
        event="session.disagreement.found"
    ).aexists()


async def test_the_board_says_what_does_not_fit(
    bench: Bench, plant: Plant, console: Tunnel, live: BrokeredSession
) -> None:
    await look(bench)
    await Sighting.objects.filter(pk=live.pk).aupdate(
        disagreement=Disagreement.NOT_AT_GUACD, since=timezone.now()
    )

    def page() -> str:
        from django.test import Client

        olga = signed_in(Client(), plant.olga)
        return olga.get(reverse("sessions:now")).content.decode()

    text = await sync_to_async(page)()
    assert "guacd does not know this connection" in text
    assert "end it here and look at the machine" in text


def _row(live: BrokeredSession) -> Any:
    from sessions.services.session_rows import session_row

    return session_row(live.pk)


async def test_a_recorder_that_falls_behind_and_catches_up_is_told_to_the_board(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[BrokeredSession] = []
    monkeypatch.setattr(reconcile, "tell_pages", told.append)
    lags = {"now": True}
    monkeypatch.setattr(SessionActor, "recorder_lags", lambda self: lags["now"])

    async def since_when(behind: bool) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                row = await Sighting.objects.filter(pk=live.pk).afirst()
                if row and (row.recorder_behind_since is not None) is behind:
                    return
                await asyncio.sleep(0.02)

    await since_when(True)
    lags["now"] = False
    await since_when(False)
    async with asyncio.timeout(PATIENCE):
        while told != [live, live]:
            await asyncio.sleep(0.02)
