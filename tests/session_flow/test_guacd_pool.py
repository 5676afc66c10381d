"""Several guacd daemons: which one carries a session, and what happens when one dies."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible
from accessportal.plants.models import Endpoint, Site
from sessions.broker.upstream import look_at_guacds
from sessions.models import BrokeredSession, GuacdNode
from sessions.services.console import request_end
from sessions.services.guacd_pool import (
    add_guacd,
    choose_guacd,
    free_places_of,
    note_looks,
    retire_guacd,
    return_guacd,
)
from tests.cast import make_window, origin, signed_in
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench


def node(address: str, site: Site | None = None, **fields: Any) -> GuacdNode:
    fields.setdefault("checked_at", timezone.now())
    return GuacdNode.objects.create(address=address, site=site, **fields)


def sessions_through(
    address: str, endpoint: Endpoint, vera: User, olga: User, count: int = 1
) -> list[BrokeredSession]:
    window = make_window(vera, endpoint, decided_by=olga)
    first = BrokeredSession.objects.count()
    return [
        BrokeredSession.objects.create(
            number=f"SES-{first + place}",
            window=window,
            endpoint=endpoint,
            started_by=vera,
            permission="control",
            state="active",
            active_at=timezone.now(),
            slot=first + place,
            guacd_address=address,
        )
        for place in range(count)
    ]


def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


# --- The choice -----------------------------------------------------------------------


def test_without_a_pool_the_settings_say(north: Site, settings: Any) -> None:
    assert choose_guacd(north.pk) == settings.GUACD_ADDRESS


def test_a_site_uses_its_own_and_the_least_loaded(
    north: Site, south: Site, filling_gateway: Endpoint, vera: User, olga: User
) -> None:
    node("everywhere:1")
    node("north-a:1", north)
    node("north-b:1", north)
    assert choose_guacd(south.pk) == "everywhere:1"
    assert choose_guacd(north.pk) == "north-a:1"
    sessions_through("north-a:1", filling_gateway, vera, olga, 2)
    assert choose_guacd(north.pk) == "north-b:1"
    # Over, but not yet proven over: it still burdens the daemon.
    BrokeredSession.objects.update(
        state="ended", ended_at=timezone.now(), end_reason="window_closed"
    )
    assert choose_guacd(north.pk) == "north-b:1"


def test_a_dead_or_retired_one_is_avoided_and_an_old_look_says_nothing(
    north: Site,
) -> None:
    now = timezone.now()
    node("dead:1", north, unreachable_since=now)
    node("retired:1", north, retired_at=now)
    node("everywhere:1")
    assert choose_guacd(north.pk) == "everywhere:1"

    long_ago = now - timedelta(minutes=5)
    GuacdNode.objects.filter(address="everywhere:1").update(checked_at=long_ago)
    assert choose_guacd(north.pk) == "everywhere:1"  # unknown goes before dead
    node("alive:1")
    assert choose_guacd(north.pk) == "alive:1"
    assert choose_guacd(north.pk, tried=["alive:1", "everywhere:1"]) == "dead:1"
    assert choose_guacd(north.pk, tried=["alive:1", "everywhere:1", "dead:1"]) == ""


def test_a_change_of_health_is_evidence_and_no_change_is_none(north: Site) -> None:
    node("north-a:1", north)
    for answers in (True, False, False, True):
        note_looks([("north-a:1", answers)])
    events = [event.event for event in AuditEvent.objects.order_by("pk")]
    assert events == ["guacd.lost", "guacd.reached"]


# --- Live -----------------------------------------------------------------------------


async def test_a_daemon_dies_and_the_work_starts_again_on_another(
    bench: Bench,
    fake_guacd: FakeGuacd,
    filling_hmi: Endpoint,
    north: Site,
    vera: User,
    olga: User,
) -> None:
    async with FakeGuacd() as other:
        await sync_to_async(node)(fake_guacd.address, north)
        await sync_to_async(node)(other.address)
        window = await sync_to_async(make_window)(vera, filling_hmi, decided_by=olga)
        live = await bench.start(window, filling_hmi, vera)
        console = await bench.enter(live, vera)
        await console.picture()
        address = fake_guacd.address
        assert (await bench.row(live)).guacd_address == address

        await fake_guacd.close()
        ended = await console.word("ended")
        assert ended["reason"] == "connection_lost"
        assert ended["can_start_again"] is True
        await look_at_guacds(bench.broker.db)
        row = await bench.until(live, lambda row: row.ended_at)
        # It is off, and what it had at the machine cannot be seen from here: not proven.
        assert row.slot == 0
        dead = await GuacdNode.objects.aget(address=address)
        await GuacdNode.objects.filter(pk=dead.pk).aupdate(
            unreachable_since=timezone.now(), checked_at=timezone.now()
        )
        adam = await User.objects.aget(full_name="Adam Albers")
        await dead.arefresh_from_db()
        freed = await sync_to_async(free_places_of)(
            dead, acting_user=adam, origin=origin()
        )
        assert freed == 1

        again = await bench.start(window, filling_hmi, vera)
        row = await bench.until(again, lambda row: row.state == "active")
        assert row.guacd_address == other.address
        first = await bench.row(live)
        assert first.end_confirmed_at is None
        assert first.end_proof["guacd"] == "said_to_be_off"
        await sync_to_async(request_end)(again, acting_user=vera, origin=origin())
        await bench.until(again, lambda row: row.end_confirmed_at)


async def test_one_that_cannot_be_reached_is_passed_over_at_once(
    bench: Bench,
    fake_guacd: FakeGuacd,
    filling_hmi: Endpoint,
    north: Site,
    vera: User,
    olga: User,
) -> None:
    dead = nowhere()
    await sync_to_async(node)(dead, north)
    await sync_to_async(node)(fake_guacd.address)
    window = await sync_to_async(make_window)(vera, filling_hmi, decided_by=olga)
    live = await bench.start(window, filling_hmi, vera)
    row = await bench.until(live, lambda row: row.state == "active")
    assert row.guacd_address == fake_guacd.address
    assert (await GuacdNode.objects.aget(address=dead)).unreachable_since


async def test_a_daemon_that_hangs_does_not_answer(
    bench: Bench, fake_guacd: FakeGuacd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.broker.upstream.LOOK_SECONDS", 0.2)
    async with FakeGuacd() as hangs:
        hangs.hangs = True
        silent = hangs.address
        await sync_to_async(node)(hangs.address, None, checked_at=None)
        await sync_to_async(node)(fake_guacd.address, None, checked_at=None)
        await look_at_guacds(bench.broker.db)
    nodes = {one.address: one async for one in GuacdNode.objects.all()}
    assert nodes[silent].unreachable_since
    assert nodes[fake_guacd.address].unreachable_since is None
    assert nodes[fake_guacd.address].checked_at


# --- The page -------------------------------------------------------------------------


def test_an_administrator_minds_the_pool_in_the_browser(
    adam: User, north: Site, settings: Any
) -> None:
    browser = signed_in(Client(), adam)
    page = browser.get("/plants/guacd/")
    assert settings.GUACD_ADDRESS in page.content.decode()
    answer = browser.post("/plants/guacd/new/", {"address": "no port", "site": ""})
    assert answer.status_code == 422
    browser.post("/plants/guacd/new/", {"address": "guacd-2:4822", "site": north.pk})
    added = GuacdNode.objects.get()
    assert (added.address, added.site) == ("guacd-2:4822", north)
    again = browser.post("/plants/guacd/new/", {"address": "guacd-2:4822"})
    assert again.status_code == 422
    page = browser.get("/plants/guacd/").content.decode()
    assert "Not looked at yet" in page

    browser.post(f"/plants/guacd/{added.pk}/retire/")
    assert "Out of use" in browser.get("/plants/guacd/").content.decode()
    assert browser.post(f"/plants/guacd/{added.pk}/retire/").status_code == 409
    browser.post(f"/plants/guacd/{added.pk}/return/")
    added.refresh_from_db()
    assert added.retired_at is None
    assert list(
        AuditEvent.objects.filter(event__startswith="guacd.")
        .order_by("pk")
        .values_list("event", flat=True)
    ) == ["guacd.added", "guacd.retired", "guacd.returned"]


def test_only_an_administrator_of_every_site_minds_it(olga: User, adam: User) -> None:
    with pytest.raises(NotAllowed):
        add_guacd("guacd-2:4822", site=None, acting_user=olga, origin=origin())
    made = add_guacd("[::1]:4822", site=None, acting_user=adam, origin=origin())
    for verb in (retire_guacd, return_guacd, free_places_of):
        with pytest.raises(NotAllowed):
            verb(made, acting_user=olga, origin=origin())
    with pytest.raises(NotPossible):  # it answers, so it proves by itself
        free_places_of(made, acting_user=adam, origin=origin())
