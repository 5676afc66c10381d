"""What an end does to the desktop, what may be said of it, and who gets in after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, TooLate
from accessportal.notifications.models import Notification
from accessportal.plants.forms import EndpointForm
from accessportal.plants.models import Asset, Endpoint, VendorAsset
from requests.models import MaintenanceWindow
from sessions.desktops import meets_the_demand, plan_for
from sessions.models import BrokeredSession, DesktopQuestion
from sessions.services.console import request_end, start_session
from sessions.services.left_desktops import (
    ask_about_desktop,
    clear_desktop,
    left_desktops,
    left_over_for,
)
from tests.cast import Plant, make_window, origin, signed_in
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench

LOCK_CHORD = [("65515", "1"), ("108", "1"), ("108", "0"), ("65515", "0")]


@pytest.mark.parametrize(
    ("protocol", "action", "sends", "state", "when_gone"),
    [
        ("vnc", "leave", False, "left_running", "left_running"),
        ("vnc", "lock", True, "lock_sent", "lock_sent"),
        ("vnc", "log_off", True, "lock_sent", "lock_sent"),
        ("rdp", "leave", False, "unknown", "unknown"),
        ("rdp", "lock", True, "lock_sent", "lock_sent"),
        ("rdp", "log_off", True, "lock_sent", "lock_sent"),
        ("ssh", "leave", False, "log_off_sent", "logged_off"),
        ("ssh", "lock", False, "log_off_sent", "logged_off"),
        ("ssh", "log_off", False, "log_off_sent", "logged_off"),
        ("telnet", "leave", False, "unknown", "unknown"),
        ("telnet", "log_off", False, "log_off_sent", "log_off_sent"),
    ],
)
def test_only_what_was_seen_is_said(
    protocol: str, action: str, sends: bool, state: str, when_gone: str
) -> None:
    plan = plan_for(protocol, action, controls=True)
    assert bool(plan.send) is sends
    assert plan.after_proof("not_visible") == state
    assert plan.after_proof("gone") == when_gone
    assert not plan_for(protocol, action, controls=False).send


def test_a_demand_is_met_by_what_is_proven_alone() -> None:
    assert meets_the_demand("leave", "unknown")
    for state in ("unknown", "left_running", "lock_sent", "log_off_sent"):
        assert not meets_the_demand("lock", state)
        assert not meets_the_demand("log_off", state)
    assert meets_the_demand("lock", "locked")
    assert meets_the_demand("lock", "logged_off")
    assert not meets_the_demand("log_off", "locked")


def test_a_log_off_is_not_offered_where_it_would_be_typed_blindly(
    filling_hmi: Endpoint,
) -> None:
    form = EndpointForm(
        {
            "name": "HMI",
            "protocol": "vnc",
            "host": "10.0.0.1",
            "port": 5900,
            "max_clients": 1,
            "probe": "tcp",
            "end_action": "log_off",
            "keyboard_layout": "en-us-qwerty",
            "rdp_security": "any",
        },
        instance=filling_hmi,
    )
    assert "end_action" in form.errors


# --- Live -----------------------------------------------------------------------------


async def test_the_desktop_is_locked_after_the_releases_and_before_the_line_closes(
    bench: Bench, fake_guacd: FakeGuacd, filling_hmi: Endpoint, vera: User, olga: User
) -> None:
    await Endpoint.objects.filter(pk=filling_hmi.pk).aupdate(end_action="lock")
    window = await sync_to_async(make_window)(vera, filling_hmi, decided_by=olga)
    live = await bench.start(window, filling_hmi, vera)
    console = await bench.enter(live, vera)
    await console.picture()
    await console.hold(97, fake_guacd.connection)
    journalled: list[tuple[int | None, str]] = []
    writer = bench.broker.actors[str(live.pk)].writer
    assert writer is not None
    append = writer.append_input

    def watched(records):  # type: ignore[no-untyped-def]
        journalled.extend((one.user_id, one.kind) for one in records)
        append(records)

    writer.append_input = watched  # type: ignore[method-assign]

    await sync_to_async(request_end)(live, acting_user=vera, origin=origin())
    row = await bench.until(live, lambda row: row.end_confirmed_at)
    assert row.desktop_state == "lock_sent"
    heard = [
        one.args if one.opcode == "key" else one.opcode
        for one in fake_guacd.connection.heard
        if one.opcode in ("key", "disconnect")
    ]
    assert heard[-6:] == [("97", "0"), *LOCK_CHORD, "disconnect"]
    assert journalled == [(vera.pk, "release"), *[(None, "key")] * 4]


# --- The next company -----------------------------------------------------------------


@pytest.fixture
def left(plant: Plant) -> BrokeredSession:
    """Vera's session on an HMI that is to be locked is over; Victor may work there, too."""
    Endpoint.objects.filter(pk=plant.filling_hmi.pk).update(end_action="lock")
    plant.filling_hmi.refresh_from_db()
    VendorAsset.objects.create(
        asset=Asset.objects.get(pk=plant.filling_line.pk), vendor=plant.nordpack
    )
    now = timezone.now()
    return BrokeredSession.objects.create(
        number="SES-2026-8001",
        window=make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga),
        endpoint=plant.filling_hmi,
        started_by=plant.vera,
        permission="control",
        state="ended",
        active_at=now - timedelta(hours=1),
        ended_at=now - timedelta(minutes=5),
        end_reason="window_closed",
        end_confirmed_at=now - timedelta(minutes=5),
        desktop_state="lock_sent",
    )


@pytest.fixture
def victors_window(plant: Plant, left: BrokeredSession) -> MaintenanceWindow:
    return make_window(plant.victor, plant.filling_hmi, decided_by=plant.olga)


def try_to_start(window: MaintenanceWindow, plant: Plant, who: User) -> None:
    start_session(
        window,
        plant.filling_hmi,
        acting_user=who,
        origin=origin(),
        web_session_key="x",
        width=1024,
        height=768,
    )


def test_another_company_is_kept_out_until_the_plant_has_looked(
    plant: Plant, left: BrokeredSession, victors_window: MaintenanceWindow
) -> None:
    with pytest.raises(TooLate) as refused:
        try_to_start(victors_window, plant, plant.victor)
    assert refused.value.code == "desktop_left_over"
    assert AuditEvent.objects.get(event="session.denied").detail["reasons"] == [
        "desktop_left_over"
    ]

    # Victor sees why, and asks; asked twice, it is one question.
    start = f"/sessions/start/{victors_window.pk}/{plant.filling_hmi.pk}/"
    ask = f"/desktops/ask/{victors_window.pk}/{plant.filling_hmi.pk}/"
    contractor = signed_in(Client(), plant.victor)
    page = contractor.get(start).content.decode()
    assert "may still be open" in page
    assert "Ask the plant to look" in page
    contractor.post(ask)
    contractor.post(ask)
    question = DesktopQuestion.objects.get()
    assert question.left_by == left
    assert "has been asked to look" in contractor.get(start).content.decode()
    told = Notification.objects.filter(kind="desktop.asked")
    assert {note.recipient for note in told} == {plant.olga, plant.ivan}

    # Olga finds it on her start page, looks at the machine, and says so.
    supervisor = signed_in(Client(), plant.olga)
    assert "/desktops/" in supervisor.get("/").content.decode()
    page = supervisor.get("/desktops/").content.decode()
    assert "Victor Varga" in page
    assert "told to lock; not proven" in page
    supervisor.post(f"/desktops/{plant.filling_hmi.pk}/clear/")
    question.refresh_from_db()
    assert question.answered_by == plant.olga
    assert AuditEvent.objects.get(event="desktop.cleared").detail["left_by"] == (
        left.number
    )
    assert Notification.objects.get(kind="desktop.cleared").recipient == plant.victor
    assert left_desktops(plant.olga) == []
    try_to_start(victors_window, plant, plant.victor)
    assert BrokeredSession.objects.live().get().started_by == plant.victor


def test_the_same_company_comes_back_to_its_own_desktop(
    plant: Plant, left: BrokeredSession
) -> None:
    assert left_over_for(plant.filling_hmi, plant.fillwerk.pk) is None
    try_to_start(left.window, plant, plant.vera)


def test_what_is_proven_or_not_demanded_keeps_nobody_out(
    plant: Plant, left: BrokeredSession
) -> None:
    hmi = plant.filling_hmi
    assert left_over_for(hmi, plant.nordpack.pk) == left
    BrokeredSession.objects.filter(pk=left.pk).update(desktop_state="locked")
    assert left_over_for(hmi, plant.nordpack.pk) is None
    BrokeredSession.objects.filter(pk=left.pk).update(desktop_state="lock_sent")
    hmi.end_action = "leave"
    assert left_over_for(hmi, plant.nordpack.pk) is None


def test_a_word_from_before_the_session_clears_nothing(
    plant: Plant, left: BrokeredSession
) -> None:
    hmi = plant.filling_hmi
    assert left.ended_at is not None
    hmi.desktop_cleared_at = left.ended_at - timedelta(minutes=1)
    assert left_over_for(hmi, plant.nordpack.pk) == left


def test_who_may_not_say_that_a_desktop_is_clear(
    plant: Plant, left: BrokeredSession, victors_window: MaintenanceWindow
) -> None:
    hmi = plant.filling_hmi
    for somebody in (plant.omar, plant.victor, plant.vera, plant.cora, plant.adam):
        with pytest.raises(NotAllowed):
            clear_desktop(hmi, acting_user=somebody, origin=origin())
    clear_desktop(hmi, acting_user=plant.olga, origin=origin())
    with pytest.raises(TooLate):
        clear_desktop(hmi, acting_user=plant.olga, origin=origin())
    with pytest.raises(TooLate):
        ask_about_desktop(
            victors_window, hmi, acting_user=plant.victor, origin=origin()
        )
