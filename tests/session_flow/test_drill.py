"""A drill ends chosen sessions as in earnest, measures it, and leaves nothing blocked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.plants.models import Site
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, CriticalStep, StopOrder
from sessions.services import drill
from sessions.services.drill import is_due, last_passed, start_drill
from sessions.services.stop_orders import settle_orders
from tests.cast import Plant, make_window, origin
from tests.session_flow.tunnel_kit import Bench

WHY = "Yearly drill"


def make_live(plant: Plant, endpoint: Any, **fields: Any) -> BrokeredSession:
    """A live session as a row, without a broker."""
    window = make_window(plant.vera, endpoint, decided_by=plant.olga)
    fields.setdefault("state", "active")
    fields.setdefault("active_at", timezone.now())
    return BrokeredSession.objects.create(
        number=f"SES-2026-{BrokeredSession.objects.count() + 5001}",
        window=window,
        endpoint=endpoint,
        started_by=plant.vera,
        permission="control",
        slot=BrokeredSession.objects.count(),
        broker="broker-9",
        **fields,
    )


def drilled(plant: Plant, *sessions: BrokeredSession, **other: Any) -> StopOrder:
    fields: dict[str, Any] = {
        "site": plant.north,
        "sessions": [one.pk for one in sessions],
        "acting_user": plant.olga,
        "origin": origin(factor_age=9999),
        "reason": WHY,
        **other,
    }
    return start_drill(**fields)


def end(row: BrokeredSession, *, after: float, proven_after: float | None) -> None:
    """The session's actor has ended it, so many seconds after the order."""
    given = row.stop_orders.get().requested_at
    BrokeredSession.objects.filter(pk=row.pk).update(
        **{"state": "ended"},
        ended_at=given + timedelta(seconds=after),
        end_reason="drill",
        end_confirmed_at=None
        if proven_after is None
        else given + timedelta(seconds=after + proven_after),
        slot=None if proven_after is not None else row.slot,
    )


async def test_chosen_sessions_end_and_may_begin_again_at_once(
    bench: Bench, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "END_WITHIN_SECONDS", 30.0)
    monkeypatch.setattr(drill, "PROOF_WITHIN_SECONDS", 30.0)
    windows = [
        await sync_to_async(make_window)(plant.vera, endpoint, decided_by=plant.olga)
        for endpoint in (plant.filling_hmi, plant.filling_plc)
    ]
    chosen = await bench.start(windows[0], plant.filling_hmi, plant.vera)
    other = await bench.start(windows[1], plant.filling_plc, plant.vera)
    console = await bench.enter(chosen, plant.vera)
    await console.picture()

    order = await sync_to_async(drilled)(plant, chosen)
    ended = await console.word("ended")
    assert ended["reason"] == "drill"
    assert "drill" in ended["sentence"] and ended["note"] == WHY
    assert ended["can_start_again"]
    await bench.until(chosen, lambda row: row.end_confirmed_at)
    assert (await bench.row(other)).is_live

    assert await sync_to_async(settle_orders)() == 1
    await order.arefresh_from_db()
    assert (order.result, order.shortfall) == ("passed", [])
    (event,) = await bench.events("drill.completed")
    assert event.result == "ok"
    again = await bench.start(windows[0], plant.filling_hmi, plant.vera)
    assert again.pk != chosen.pk
    north = await Site.objects.aget(pk=plant.north.pk)
    assert north.isolated_at is None
    assert not await MaintenanceWindow.objects.filter(
        revoked_at__isnull=False
    ).aexists()


def test_what_was_not_shown_in_time_is_kept_with_the_record(plant: Plant) -> None:
    rows = [
        make_live(plant, plant.filling_hmi),
        make_live(plant, plant.filling_plc),
        make_live(plant, plant.filling_gateway),
    ]
    order = drilled(plant, *rows)
    end(rows[0], after=0.4, proven_after=0.5)
    end(rows[1], after=4.0, proven_after=0.5)
    end(rows[2], after=0.4, proven_after=None)
    assert settle_orders() == 0
    assert settle_orders(at=timezone.now() + timedelta(minutes=3)) == 1

    order.refresh_from_db()
    assert order.result == StopOrder.Result.FAILED
    assert order.shortfall == [
        {"session": rows[1].number, "missing": "ended_late"},
        {"session": rows[2].number, "missing": "not_proven"},
    ]
    event = AuditEvent.objects.get(event="drill.completed")
    assert event.result == "failed"
    assert event.detail["shortfall"] == order.shortfall


def test_a_drill_breaks_off_no_critical_step(plant: Plant) -> None:
    live = make_live(plant, plant.filling_hmi)
    CriticalStep.objects.create(
        brokered_session=live,
        what="Writing firmware",
        minutes=12,
        declared_by=plant.vera,
        accepted_by=plant.olga,
        accepted_at=timezone.now(),
        until=timezone.now() + timedelta(minutes=12),
    )
    with pytest.raises(NotPossible, match="critical step"):
        drilled(plant, live)
    assert not StopOrder.objects.exists()


def test_what_a_drill_needs(plant: Plant) -> None:
    live = make_live(plant, plant.filling_hmi)
    with pytest.raises(NotPossible, match="at least one"):
        drilled(plant)
    with pytest.raises(NotPossible, match="Say why"):
        drilled(plant, live, reason=" ")
    for who in (plant.omar, plant.cora, plant.adam, plant.vera):
        with pytest.raises(NotAllowed):
            drilled(plant, live, acting_user=who)
    with pytest.raises(NotAllowed):
        drilled(plant, live, site=None, vendor=plant.fillwerk)
    elsewhere = make_live(plant, plant.washer_hmi)
    with pytest.raises(TooLate):
        drilled(plant, live, elsewhere)
    order = drilled(
        plant, elsewhere, site=None, vendor=plant.fillwerk, acting_user=plant.ivan
    )
    assert order.vendor == plant.fillwerk


def test_a_drill_is_due_once_a_year(plant: Plant) -> None:
    live = make_live(plant, plant.filling_hmi)
    order = drilled(plant, live)
    sites = [plant.north, plant.south]
    assert last_passed(sites) == {}
    end(live, after=0.1, proven_after=0.1)
    settle_orders()
    last = last_passed(sites)
    assert last == {plant.north.pk: order.requested_at}
    assert not is_due(last[plant.north.pk])
    assert is_due(order.requested_at, at=timezone.now() + timedelta(days=366))
    assert is_due(None)


class TestPages:
    def test_the_record_of_a_drill(
        self, plant: Plant, browser_of: Callable[..., Client]
    ) -> None:
        live = make_live(plant, plant.filling_hmi)
        olga = browser_of(plant.olga)
        page = olga.get(reverse("isolation:site_drill", args=["north"]))
        assert "Vera Vogt" in page.content.decode()
        start = reverse("isolation:start_site_drill", args=["north"])
        answer = olga.post(start, {"reason": WHY})
        assert answer.status_code == 422
        assert "proves nothing" in answer.content.decode()
        answer = olga.post(start, {"reason": WHY, "session": [str(live.pk), "x"]})
        order = StopOrder.objects.get()
        assert answer["Location"] == reverse("isolation:order", args=[order.number])
        end(live, after=0.25, proven_after=0.5)
        settle_orders()
        text = olga.get(answer["Location"]).content.decode()
        assert "1 of 1 ended, 1 proven" in text
        assert "after 0.25 s" in text and "after 0.75 s" in text
        assert "Passed" in text and "in time" in text
        listed = olga.get(reverse("isolation:list")).content.decode()
        assert "Up to date" in listed and order.number in listed

    def test_an_isolation_stands_on_every_page_of_the_plant(
        self, plant: Plant, browser_of: Callable[..., Client]
    ) -> None:
        olga = browser_of(plant.olga)
        make_live(plant, plant.filling_hmi)
        confirm = olga.get(reverse("isolation:site", args=["north"])).content.decode()
        assert "Ends 1 live session." in confirm
        assert "Revokes 1 window, open or still to come." in confirm
        act = reverse("isolation:isolate", args=["north"])
        assert olga.post(act, {"reason": " "}).status_code == 422
        stopped = olga.post(act, {"reason": "Unknown traffic"})["Location"]
        for who in (plant.olga, plant.ivan, plant.cora, plant.adam):
            text = browser_of(who).get("/").content.decode()
            assert "Plant North is isolated" in text
        for who in (plant.omar, plant.vera):
            text = browser_of(who).get("/").content.decode()
            assert "Plant North is isolated" not in text
        assert (
            olga.get(reverse("isolation:site", args=["north"]))["Location"] == stopped
        )

        tired = browser_of(plant.olga, factor_age=9999)
        lift = reverse("isolation:lift", args=[StopOrder.objects.get().number])
        form = {"name": "Plant North", "reason": "It was a printer"}
        assert "otp_code" in tired.post(lift, form).content.decode()
        assert olga.post(lift, {**form, "name": "North"}).status_code == 422
        assert olga.post(lift, form)["Location"] == stopped
        text = olga.get("/").content.decode()
        assert "Plant North is isolated" not in text
        assert "To be confirmed again" in text

    @pytest.mark.parametrize("name", ["order", "site_drill", "now"])
    def test_more_sessions_cost_no_more_queries(
        self,
        name: str,
        plant: Plant,
        browser_of: Callable[..., Client],
        django_assert_max_num_queries: Any,
    ) -> None:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        rows = [make_live(plant, plant.filling_hmi)]
        olga = browser_of(plant.olga)
        order = drilled(plant, rows[0])
        paths = {
            "order": reverse("isolation:order", args=[order.number]),
            "site_drill": reverse("isolation:site_drill", args=["north"]),
            "now": reverse("sessions:now"),
        }
        olga.get(paths[name])
        with CaptureQueriesContext(
            connection,
        ) as one:
            olga.get(paths[name])
        for endpoint in (plant.filling_plc, plant.filling_gateway, plant.filling_plc):
            rows.append(make_live(plant, endpoint))
        order.sessions.set(rows)
        with django_assert_max_num_queries(len(one)):
            assert olga.get(paths[name]).status_code == 200
