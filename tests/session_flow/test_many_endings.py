"""Many windows that close at the same second: every session ends within it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.broker.last_second import LastSecond
from sessions.models import BrokeredSession
from tests.cast import Plant, make_endpoint, make_window
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench

MANY = 24


async def test_they_all_end_with_their_window_and_each_says_so(
    bench: Bench, plant: Plant, fake_guacd: FakeGuacd
) -> None:
    def machines() -> tuple[list[Endpoint], MaintenanceWindow]:
        endpoints = [
            make_endpoint(plant.filling_line, f"Machine {place}", "vnc", 6000 + place)
            for place in range(MANY)
        ]
        return endpoints, make_window(plant.vera, *endpoints, decided_by=plant.olga)

    fake_guacd.frame_every = 0.5
    endpoints, window = await sync_to_async(machines)()
    for endpoint in endpoints:
        await bench.start(window, endpoint, plant.vera)
    actors = bench.broker.actors

    async with asyncio.timeout(75):
        while sum(actor.active for actor in list(actors.values())) < MANY:
            await asyncio.sleep(0.05)
    closes_at = timezone.now() + timedelta(seconds=4)
    await MaintenanceWindow.objects.filter(pk=window.pk).aupdate(closes_at=closes_at)
    everyone = list(actors.values())
    for actor in everyone:
        actor.supervision.wake()
    async with asyncio.timeout(75):
        while any(actor.supervision.ends_at != closes_at for actor in everyone):
            await asyncio.sleep(0.05)
        while not all(actor.ending for actor in everyone):
            assert not any(actor.ending for actor in everyone) or (
                timezone.now() >= closes_at
            )
            await asyncio.sleep(0.01)
        assert not any(actor.input.open for actor in everyone)
        ended = BrokeredSession.objects.filter(end_confirmed_at__isnull=False)
        while await ended.acount() < MANY:
            await asyncio.sleep(0.1)

    rows = [row async for row in BrokeredSession.objects.all()]
    assert {row.end_reason for row in rows} == {"window_closed"}
    moments = [row.ended_at for row in rows if row.ended_at is not None]
    assert min(moments) >= closes_at
    # What is written late carries the moment of the end, not that of the writing.
    proofs = [row.end_confirmed_at for row in rows if row.end_confirmed_at is not None]
    assert max(moments) <= min(proofs)
    for connection in fake_guacd.connections.values():
        assert connection.heard[-1].opcode == "disconnect"
    terminated = AuditEvent.objects.filter(event="session.terminated")
    assert await terminated.acount() == MANY


async def test_a_clock_that_is_set_back_prolongs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over: list[str] = []
    monkeypatch.setattr("sessions.broker.last_second.SET_BACK_SECONDS", 0.1)
    now = timezone.now()
    timer = LastSecond(now + timedelta(seconds=0.2), lambda: over.append("over"))
    monkeypatch.setattr(
        "sessions.broker.last_second.timezone.now", lambda: now - timedelta(hours=1)
    )
    async with asyncio.timeout(20):
        while not over:
            await asyncio.sleep(0.02)
    timer.close()
    assert over == ["over"]


async def test_an_end_put_off_comes_later_and_one_brought_forward_comes_now() -> None:
    over: list[str] = []
    now = timezone.now()
    timer = LastSecond(now + timedelta(seconds=0.05), lambda: over.append("over"))
    timer.follow(now + timedelta(hours=1))
    await asyncio.sleep(0.15)
    assert over == []
    timer.follow(now - timedelta(seconds=1))
    async with asyncio.timeout(20):
        while not over:
            await asyncio.sleep(0.01)
    assert over == ["over"]
