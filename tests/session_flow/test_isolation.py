"""One act ends every session of a site or a vendor; nothing comes back by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import Vendor
from accessportal.audit.models import AuditEvent
from accessportal.errors import (
    FreshFactorNeeded,
    NotAllowed,
    NotPossible,
    PortalError,
    TooLate,
)
from accessportal.notifications.models import Notification
from accessportal.plants.models import Site
from requests.facts import hash_of_facts
from requests.models import MaintenanceWindow
from requests.services.later_decision import seen_of_window
from requests.services.reconfirmation import CHECKLIST, reconfirm_window
from sessions.models import BrokeredSession, StopOrder
from sessions.reentry import QUESTIONS, ReentryAnswer
from sessions.services.isolation import (
    fallen_windows,
    isolate_site,
    lift_isolation,
    reinstate_vendor,
    suspend_vendor,
)
from sessions.services.stop_orders import progress_of, settle_orders
from tests.cast import Plant, make_person, make_window, origin
from tests.session_flow.tunnel_kit import Bench, Tunnel

STOP = "Unknown traffic from outside"


@pytest.fixture
def windows(plant: Plant) -> dict[str, MaintenanceWindow]:
    """Vera at North twice and at South, Victor at North."""
    victors = make_window(plant.victor, plant.palletiser_panel, decided_by=plant.olga)
    return {
        "plc": make_window(plant.vera, plant.filling_plc, decided_by=plant.olga),
        "hmi": make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga),
        "washer": make_window(plant.vera, plant.washer_hmi, decided_by=plant.omar),
        "panel": victors,
    }


@pytest.fixture
async def live(
    bench: Bench, plant: Plant, windows: dict[str, MaintenanceWindow]
) -> dict[str, BrokeredSession]:
    return {
        "plc": await bench.start(windows["plc"], plant.filling_plc, plant.vera),
        "hmi": await bench.start(windows["hmi"], plant.filling_hmi, plant.vera),
        "washer": await bench.start(windows["washer"], plant.washer_hmi, plant.vera),
        "panel": await bench.start(
            windows["panel"], plant.palletiser_panel, plant.victor
        ),
    }


@pytest.fixture
async def consoles(
    bench: Bench, plant: Plant, live: dict[str, BrokeredSession]
) -> dict[str, Tunnel]:
    entered = {}
    for name, row in live.items():
        who = plant.victor if name == "panel" else plant.vera
        entered[name] = await bench.enter(row, who)
        await entered[name].picture()
    return entered


async def test_isolating_ends_every_session_of_the_site_and_only_those(
    bench: Bench,
    plant: Plant,
    live: dict[str, BrokeredSession],
    consoles: dict[str, Tunnel],
) -> None:
    order = await sync_to_async(isolate_site)(
        plant.north, acting_user=plant.olga, origin=origin(factor_age=9999), reason=STOP
    )
    for name in ("plc", "hmi", "panel"):
        ended = await consoles[name].word("ended")
        assert ended["reason"] == "site_isolated"
        assert ended["note"] == STOP
        row = await bench.until(live[name], lambda row: row.end_confirmed_at)
        assert row.end_requested_at == order.requested_at
        assert row.ended_by_id == plant.olga.pk
    assert (await bench.row(live["washer"])).is_live

    progress = await sync_to_async(progress_of)(order)
    assert (progress.sessions, progress.ended, progress.proven) == (3, 3, 3)
    assert progress.slowest_end is not None and progress.slowest_proof is not None
    assert 0 <= progress.slowest_end <= progress.slowest_proof
    assert await sync_to_async(settle_orders)() == 1
    (event,) = await bench.events("site.isolated")
    assert len(event.detail["sessions"]) == 3
    assert event.reason == STOP
    await bench.events("window.revoked", 3)


async def test_suspending_ends_the_vendors_sessions_at_every_site(
    bench: Bench,
    plant: Plant,
    live: dict[str, BrokeredSession],
    consoles: dict[str, Tunnel],
) -> None:
    await sync_to_async(suspend_vendor)(
        plant.fillwerk, acting_user=plant.ivan, origin=origin(), reason=STOP
    )
    for name in ("plc", "hmi", "washer"):
        await bench.until(
            live[name],
            lambda row: row.end_confirmed_at and row.end_reason == "vendor_suspended",
        )
    assert (await bench.row(live["panel"])).is_live
    await bench.events("vendor.suspended")


async def test_without_a_message_the_tick_ends_them(
    bench: Bench,
    plant: Plant,
    live: dict[str, BrokeredSession],
    consoles: dict[str, Tunnel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As with Redis down: the order is in the database, and nobody is told."""
    monkeypatch.setattr(
        "sessions.services.stop_orders.announce", lambda *args, **more: None
    )
    await sync_to_async(isolate_site)(
        plant.north, acting_user=plant.ivan, origin=origin(), reason=STOP
    )
    for name in ("plc", "hmi", "panel"):
        await bench.until(live[name], lambda row: row.end_confirmed_at)


async def test_a_start_that_races_with_isolating_never_gets_through(
    bench: Bench, plant: Plant, windows: dict[str, MaintenanceWindow]
) -> None:
    """Whoever is first at the endpoint's lock: a session that began is ended, or none began."""
    import asyncio

    async def start() -> BrokeredSession | None:
        try:
            return await bench.start(windows["plc"], plant.filling_plc, plant.vera)
        except PortalError:
            return None

    begun, order = await asyncio.gather(
        start(),
        sync_to_async(isolate_site, thread_sensitive=False)(
            plant.north, acting_user=plant.olga, origin=origin(), reason=STOP
        ),
    )
    if begun is not None:
        row = await bench.until(begun, lambda row: row.end_confirmed_at)
        assert row.end_reason in ("site_isolated", "not_connected")
        assert await order.sessions.acount() == 1
    assert not await BrokeredSession.objects.live().aexists()
    with pytest.raises(PortalError):
        await bench.start(windows["hmi"], plant.filling_hmi, plant.vera)
    with pytest.raises(PortalError):
        await bench.start(windows["plc"], plant.filling_plc, plant.vera)


# --- Without a broker -----------------------------------------------------------------


def isolated(plant: Plant) -> StopOrder:
    return isolate_site(
        plant.north, acting_user=plant.olga, origin=origin(), reason=STOP
    )


def lifted(plant: Plant, **other: object) -> StopOrder | None:
    fields = {
        "acting_user": plant.ivan,
        "origin": origin(),
        "reason": "The switch was replaced",
        "name": "plant north",
        **other,
    }
    return lift_isolation(plant.north, **fields)  # type: ignore[arg-type]


def again(
    window: MaintenanceWindow, plant: Plant, **other: object
) -> MaintenanceWindow:
    window = MaintenanceWindow.objects.select_related("access_request__site").get(
        pk=window.pk
    )
    facts = seen_of_window(window)
    fields = {
        "acting_user": plant.olga,
        "origin": origin(),
        "facts_hash": hash_of_facts(facts),
        "checked": list(CHECKLIST[window.revoke_cause or "isolation"]),
        "reason": "Still needed",
        **other,
    }
    return reconfirm_window(window, **fields)  # type: ignore[arg-type]


def test_lifting_revives_nothing(
    plant: Plant, windows: dict[str, MaintenanceWindow]
) -> None:
    order = isolated(plant)
    assert {one.pk for one in fallen_windows(order)} == {
        windows[name].pk for name in ("plc", "hmi", "panel")
    }
    lifted(plant)

    assert Site.objects.get(pk=plant.north.pk).isolated_at is None
    order.refresh_from_db()
    assert (order.lifted_by, order.in_force) == (plant.ivan, False)
    assert not MaintenanceWindow.objects.open().exclude(pk=windows["washer"].pk)
    assert len(fallen_windows(order)) == 3
    told = Notification.objects.filter(kind="windows.fallen")
    assert [note.recipient for note in told] == [plant.olga]
    assert AuditEvent.objects.filter(event="site.isolation.lifted").count() == 1


def test_one_of_three_is_confirmed_again(
    plant: Plant, windows: dict[str, MaintenanceWindow]
) -> None:
    order = isolated(plant)
    lifted(plant)
    window = again(windows["hmi"], plant)

    assert window.phase() == MaintenanceWindow.Phase.OPEN
    assert window.closes_at == windows["hmi"].closes_at
    assert window.reconfirmed_by == plant.olga
    decisions = list(window.access_request.decisions.order_by("step"))
    assert [one.step for one in decisions] == [1, 2]
    assert decisions[1].facts["reconfirmed"]["revoke_reason"] == STOP
    event = AuditEvent.objects.get(event="window.reconfirmed")
    assert event.detail["cause"] == "isolation"
    assert {one.pk for one in fallen_windows(order)} == {
        windows["plc"].pk,
        windows["panel"].pk,
    }
    with pytest.raises(TooLate):
        again(windows["hmi"], plant)


def test_who_may_confirm_again_and_when(
    plant: Plant, windows: dict[str, MaintenanceWindow]
) -> None:
    isolated(plant)
    with pytest.raises(NotPossible, match="isolated"):
        again(windows["hmi"], plant)
    lifted(plant)
    for who in (plant.omar, plant.ivan, plant.vera):
        with pytest.raises(NotAllowed):
            again(windows["hmi"], plant, acting_user=who)
    with pytest.raises(FreshFactorNeeded):
        again(windows["hmi"], plant, origin=origin(factor_age=999))
    with pytest.raises(NotPossible, match="Confirm each point"):
        again(windows["hmi"], plant, checked=[])
    with pytest.raises(TooLate):
        again(windows["hmi"], plant, facts_hash="0" * 64)
    MaintenanceWindow.objects.filter(pk=windows["hmi"].pk).update(
        opens_at=timezone.now() - timedelta(hours=2),
        closes_at=timezone.now() - timedelta(seconds=1),
    )
    with pytest.raises(TooLate, match="time of this window is over"):
        again(windows["hmi"], plant)


def test_a_window_that_a_person_revoked_does_not_come_back(
    plant: Plant, windows: dict[str, MaintenanceWindow]
) -> None:
    from requests.services.window import revoke_window

    revoke_window(
        windows["hmi"], acting_user=plant.olga, origin=origin(), reason="Not today"
    )
    order = isolated(plant)
    lifted(plant)
    assert windows["hmi"].pk not in {one.pk for one in fallen_windows(order)}
    with pytest.raises(NotPossible, match="revoked by itself"):
        again(windows["hmi"], plant)


def test_lifting_takes_the_name_a_reason_and_a_fresh_factor(plant: Plant) -> None:
    isolated(plant)
    with pytest.raises(NotPossible, match="Type the name"):
        lifted(plant, name="Plant South")
    with pytest.raises(NotPossible, match="Say why"):
        lifted(plant, reason=" ")
    with pytest.raises(FreshFactorNeeded):
        lifted(plant, origin=origin(factor_age=999))
    for who in (plant.omar, plant.cora, plant.adam):
        with pytest.raises(NotAllowed):
            lifted(plant, acting_user=who)
    lifted(plant)
    with pytest.raises(TooLate):
        lifted(plant)


def test_isolating_needs_a_reason_and_the_right_and_happens_once(plant: Plant) -> None:
    for who in (plant.omar, plant.cora, plant.adam, plant.vera):
        with pytest.raises(NotAllowed):
            isolate_site(plant.north, acting_user=who, origin=origin(), reason=STOP)
    with pytest.raises(NotPossible):
        isolate_site(plant.north, acting_user=plant.olga, origin=origin(), reason=" ")
    order = isolated(plant)
    assert order.completed_at is not None  # there was nobody to end
    with pytest.raises(TooLate, match="Olga Olsen"):
        isolated(plant)
    isolate_site(plant.south, acting_user=plant.omar, origin=origin(), reason=STOP)


def test_a_vendor_comes_back_by_name_and_each_window_by_its_checklist(
    plant: Plant, windows: dict[str, MaintenanceWindow]
) -> None:
    for who in (plant.olga, plant.cora, plant.vera):
        with pytest.raises(NotAllowed):
            suspend_vendor(
                plant.fillwerk, acting_user=who, origin=origin(), reason=STOP
            )
    order = suspend_vendor(
        plant.fillwerk, acting_user=plant.adam, origin=origin(), reason=STOP
    )
    assert len(fallen_windows(order)) == 3
    assert Vendor.objects.get(pk=plant.fillwerk.pk).suspended_by == plant.adam
    with pytest.raises(NotPossible, match="Type the name"):
        back_again(plant, name="")
    back_again(plant)
    assert Vendor.objects.get(pk=plant.fillwerk.pk).suspended_at is None
    with pytest.raises(NotPossible, match="Confirm each point"):
        again(windows["hmi"], plant, checked=["still_needed"])
    assert again(windows["hmi"], plant).revoked_at is None
    assert AuditEvent.objects.filter(event="vendor.reinstated").count() == 1


def back_again(plant: Plant, **other: object) -> StopOrder | None:
    """Ivan lets Fillwerk in again, with every question of the checklist answered."""
    fields: dict[str, object] = {
        "acting_user": plant.ivan,
        "origin": origin(),
        "reason": "New laptops",
        "name": "Fillwerk Service",
        "answers": [ReentryAnswer(question, "yes") for question in QUESTIONS],
    }
    return reinstate_vendor(plant.fillwerk, **(fields | other))  # type: ignore[arg-type]


def test_a_vendor_comes_back_when_every_question_is_answered(plant: Plant) -> None:
    """A no is an answer, with a note; what was said stays with the order."""
    order = suspend_vendor(
        plant.fillwerk, acting_user=plant.ivan, origin=origin(), reason=STOP
    )
    yes = [ReentryAnswer(question, "yes") for question in QUESTIONS]
    no = ReentryAnswer("computers_clean", "no")
    others = [one for one in yes if one.question != no.question]
    for missing in ([], others, [*others, ReentryAnswer(no.question, "maybe")]):
        with pytest.raises(NotPossible, match="Answer each question"):
            back_again(plant, answers=missing)
    with pytest.raises(NotPossible, match="safe all the same"):
        back_again(plant, answers=[*others, no])
    assert Vendor.objects.get(pk=plant.fillwerk.pk).suspended_at is not None

    noted = ReentryAnswer(no.question, "no", "Only by the plant's own computer")
    back_again(plant, answers=[*others, noted])
    order.refresh_from_db()
    kept = {one["question"]: one for one in order.reentry}
    assert set(kept) == set(QUESTIONS)
    assert kept["computers_clean"]["note"] == "Only by the plant's own computer"
    (event,) = AuditEvent.objects.filter(event="vendor.reinstated")
    assert event.detail["reentry"] == order.reentry


def test_the_checklist_is_asked_on_the_page_and_nothing_typed_is_lost(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    order = suspend_vendor(
        plant.fillwerk, acting_user=plant.ivan, origin=origin(), reason=STOP
    )
    browser, path = browser_of(plant.ivan), f"/isolation/{order.number}/lift/"
    typed = {f"answer-{question}": "yes" for question in QUESTIONS}
    typed |= {"name": "Fillwerk Service", "reason": "New laptops"}
    half = {**typed, "answer-sponsor_agrees": "no"}
    answer = browser.post(path, half)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "safe all the same" in text and "New laptops" in text
    assert 'name="answer-sponsor_agrees" value="no" checked' in text
    assert browser.post(path, typed).status_code == 302
    assert (
        "Does the sponsor"
        in browser.get(f"/isolation/{order.number}/").content.decode()
    )


def test_a_machine_that_was_given_away_meanwhile_stays_given(
    plant: Plant, windows: dict[str, MaintenanceWindow]
) -> None:
    isolated(plant)
    lifted(plant)
    other = make_person("Vito Vogel", vendor=plant.fillwerk)
    make_window(other, plant.filling_hmi, decided_by=plant.olga)
    with pytest.raises(NotPossible, match="is taken"):
        again(windows["hmi"], plant)
