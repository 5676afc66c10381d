"""Where somebody of the plant has to be there: input is live only while somebody says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications.models import Notification
from accessportal.plants.models import Asset, Endpoint
from requests.models import MaintenanceWindow
from sessions.attended import attended_until, is_attended
from sessions.models import BrokeredSession, CriticalStep
from sessions.services.attendance import attend
from sessions.services.freezes import (
    freeze_session,
    resume_session,
    unfreeze_session,
)
from tests.cast import make_window, origin, signed_in
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel


@pytest.fixture
def attended_line(filling_line: Asset) -> Asset:
    filling_line.attendance_required = True
    filling_line.attendance_minutes = 10
    filling_line.save()
    return filling_line


@pytest.fixture
def window(
    attended_line: Asset, filling_hmi: Endpoint, vera: User, olga: User
) -> MaintenanceWindow:
    return make_window(vera, filling_hmi, decided_by=olga)


async def said_at(live: BrokeredSession, **ago: float) -> None:
    """As if somebody had tapped so long ago."""
    await BrokeredSession.objects.filter(pk=live.pk).aupdate(
        attended_at=timezone.now() - timedelta(**ago)
    )


async def test_input_waits_for_the_first_tap_and_goes_on_without_a_step_up(
    bench: Bench,
    console: Tunnel,
    live: BrokeredSession,
    olga: User,
    ivan: User,
    fake_guacd: FakeGuacd,
) -> None:
    frozen = (await console.word("state"))["frozen"]
    assert (frozen["cause"], frozen["step_up"]) == ("attendance", False)
    asset = fake_guacd.connection
    await console.send("key", 97, 1)
    await console.send("key", 97, 0)
    # Waiting for the plant, however long, is no idleness of the contractor's.
    actor = bench.broker.actor_of(live.pk)
    assert actor is not None
    actor.input._touched_at -= 100_000

    with pytest.raises(NotAllowed):
        await sync_to_async(attend)(live, acting_user=ivan, origin=origin())
    await sync_to_async(attend)(live, acting_user=olga, origin=origin())
    await console.word("unfrozen")
    await console.hold(98, asset)
    assert not [one for one in asset.heard if one.args[:1] == ("97",)]


async def test_a_minute_before_it_ends_both_sides_are_told_then_input_stops(
    bench: Bench, console: Tunnel, live: BrokeredSession, olga: User
) -> None:
    watching = await bench.enter(live, olga)
    await sync_to_async(attend)(live, acting_user=olga, origin=origin())
    await console.word("unfrozen")
    await said_at(live, minutes=9, seconds=10)
    for tunnel in (console, watching):
        assert "input stops" in (await tunnel.word("attendance-due"))["sentence"]
    await bench.events("session.attended")

    def told() -> int:
        return Notification.objects.filter(kind="session.attendance.due").count()

    await said_at(live, minutes=10, seconds=1)
    assert (await console.word("frozen"))["cause"] == "attendance"
    assert await sync_to_async(told)() == 1

    # Neither the contractor's factor nor a person's "let go on" stands in for being there.
    with pytest.raises(NotAllowed):
        await sync_to_async(resume_session)(
            live,
            acting_user=live.started_by,
            origin=origin(),
            web_session_key="k",
        )
    with pytest.raises(NotPossible):
        await sync_to_async(unfreeze_session)(live, acting_user=olga, origin=origin())
    console.words.clear()
    await sync_to_async(attend)(live, acting_user=olga, origin=origin())
    await console.word("unfrozen")


async def test_lifting_a_persons_freeze_does_not_stand_in_for_being_there(
    bench: Bench, console: Tunnel, live: BrokeredSession, olga: User
) -> None:
    await sync_to_async(attend)(live, acting_user=olga, origin=origin())
    await console.word("unfrozen")
    console.words.clear()
    await sync_to_async(freeze_session)(live, acting_user=olga, origin=origin())
    await console.word("frozen", cause="person")
    await said_at(live, minutes=11)
    await sync_to_async(unfreeze_session)(live, acting_user=olga, origin=origin())
    await console.word("frozen", cause="attendance")
    assert not [kind for kind, _word in console.words if kind == "unfrozen"]


async def test_never_inside_an_accepted_critical_step(
    bench: Bench, console: Tunnel, live: BrokeredSession, olga: User, vera: User
) -> None:
    await sync_to_async(attend)(live, acting_user=olga, origin=origin())
    await console.word("unfrozen")
    console.words.clear()
    now = timezone.now()
    step = await CriticalStep.objects.acreate(
        brokered_session=live,
        what="Writing firmware",
        minutes=12,
        declared_by=vera,
        accepted_by=olga,
        accepted_at=now - timedelta(minutes=6),
        until=now + timedelta(minutes=6),
    )
    await said_at(live, minutes=11)
    frames = len(console.received)
    await console.until(lambda: len(console.received) > frames + 60)
    assert (await bench.row(live)).frozen_at is None

    # When the step ends there is a minute, with its warning, before anything stops.
    await CriticalStep.objects.filter(pk=step.pk).aupdate(ended_at=timezone.now())
    await console.word("attendance-due")
    assert (await bench.row(live)).frozen_at is None


def test_a_tap_for_a_session_that_is_over_or_needs_nobody(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User, olga: User
) -> None:
    live = BrokeredSession.objects.create(
        number="SES-2026-7002",
        window=window,
        endpoint=filling_hmi,
        started_by=vera,
        permission="view",
        state="active",
        slot=0,
    )
    assert is_attended(live, timezone.now())  # looking needs nobody
    with pytest.raises(NotPossible):
        attend(live, acting_user=olga, origin=origin())
    BrokeredSession.objects.filter(pk=live.pk).update(
        state="ended", end_reason="ended_by_plant", ended_at=timezone.now()
    )
    with pytest.raises(TooLate):
        attend(live, acting_user=olga, origin=origin())


def test_one_tap_at_the_station_keeps_every_machine_in_sight(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User, olga: User
) -> None:
    filling_hmi.max_clients = 2
    filling_hmi.save()
    rows = [
        BrokeredSession.objects.create(
            number=f"SES-2026-700{slot}",
            window=window,
            endpoint=filling_hmi,
            started_by=vera,
            permission="control",
            state="active",
            slot=slot,
            frozen_at=timezone.now(),
            frozen_cause="attendance",
        )
        for slot in (0, 1)
    ]
    station = signed_in(Client(), olga)
    page = station.get("/sessions/shift/").content.decode()
    assert page.count("Input stands still") == 2
    station.post("/sessions/shift/attend/", {"session": [row.pk for row in rows]})
    for row in rows:
        row.refresh_from_db()
        assert row.frozen_at is None and row.attended_by == olga
        until = attended_until(row)
        assert until is not None and until > timezone.now() + timedelta(minutes=9)
