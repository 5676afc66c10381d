"""A leaver is out at once: no page, no session, no window; and the minutes are measured."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import Invitation, User
from accessportal.accounts.services.invitations import invite_person
from accessportal.accounts.web_sessions import ended_by_somebody
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications.models import Notification
from requests.models import AccessRequest, MaintenanceWindow
from sessions.models import BrokeredSession, Departure
from sessions.policy import Outcome
from sessions.services import looking
from sessions.services.departures import (
    acknowledge_departure,
    report_leaver,
    settle_departures,
)
from tests.accounts.steps import is_signed_in
from tests.cast import (
    Plant,
    make_person,
    make_request,
    make_window,
    origin,
    web_session_key_of,
)
from tests.session_flow.tunnel_kit import Bench

Browser = Callable[..., Client]


@pytest.fixture
def carla(plant: Plant) -> User:
    """Coordinator of Fillwerk."""
    return make_person(
        "Carla Corte", vendor=plant.fillwerk, coordinator_at=timezone.now()
    )


def report(person: User, who: User, **more: object) -> Departure:
    return report_leaver(person, acting_user=who, origin=origin(), **more)  # type: ignore[arg-type]


def live_session_of(plant: Plant) -> BrokeredSession:
    """A session of Vera's as a row."""
    window = make_window(plant.vera, plant.filling_gateway, decided_by=plant.olga)
    return BrokeredSession.objects.create(
        number="SES-2026-9001", window=window, endpoint=plant.filling_gateway,
        started_by=plant.vera, permission="control", state="active", slot=0,
        active_at=timezone.now(),
    )  # fmt: skip


async def test_a_live_session_ends_at_once_and_the_proof_is_timed(
    bench: Bench, plant: Plant, carla: User
) -> None:
    window = await sync_to_async(make_window)(
        plant.vera, plant.filling_hmi, decided_by=plant.olga
    )
    row = await bench.start(window, plant.filling_hmi, plant.vera)
    console = await bench.enter(row, plant.vera)
    await console.picture()

    departure = await sync_to_async(report)(plant.vera, carla, note="Left for good")
    ended = await console.word("ended")
    assert ended["reason"] == "account_disabled"
    row = await bench.until(row, lambda row: row.end_confirmed_at)
    assert row.end_requested_by_id == carla.pk

    await sync_to_async(settle_departures)()
    await departure.arefresh_from_db()
    assert departure.completed_at == row.end_confirmed_at
    assert departure.seconds_to_proof is not None
    assert 0 <= departure.seconds_to_end <= departure.seconds_to_proof < 60
    (event,) = await bench.events("account.revocation.completed")
    assert event.detail["sessions_ended"] == 1
    (event,) = await bench.events("account.leaver.reported")
    assert event.detail["sessions"] == [row.number] and event.reason == "Left for good"
    await window.arefresh_from_db()
    assert window.revoked_at is not None and not window.revoke_cause


async def test_a_leaver_among_the_companions_is_put_out_of_the_session(
    bench: Bench, plant: Plant, carla: User
) -> None:
    tom = await sync_to_async(make_person)("Tom Thoma", vendor=plant.fillwerk)
    window = await sync_to_async(make_window)(
        plant.vera, plant.filling_hmi, decided_by=plant.olga, companions=[tom]
    )
    row = await bench.start(window, plant.filling_hmi, plant.vera)
    veras = await bench.enter(row, plant.vera)
    await veras.picture()
    toms = await bench.enter(row, tom)
    await toms.picture()
    await sync_to_async(report)(tom, carla)
    await toms.closed()
    assert (await bench.row(row)).is_live


@pytest.mark.django_db
def test_everything_that_was_open_is_closed(
    plant: Plant, carla: User, browser_of: Browser
) -> None:
    browser = browser_of(plant.vera)
    assert is_signed_in(browser)
    coming = make_window(
        plant.vera, plant.filling_hmi, decided_by=plant.olga,
        starts_in=timedelta(days=1),
    )  # fmt: skip
    waiting = make_request(plant.vera, plant.filling_plc)
    others = make_window(carla, plant.filling_gateway, decided_by=plant.olga)
    User.objects.filter(pk=plant.vera.pk).update(coordinator_at=timezone.now())
    invite_person(
        acting_user=User.objects.get(pk=plant.vera.pk), vendor=plant.fillwerk,
        email="friend@fillwerk.example", full_name="", language="en", origin=origin(),
    )  # fmt: skip

    departure = report(plant.vera, plant.ivan, note="Told by phone")

    vera = User.objects.get(pk=plant.vera.pk)
    assert not vera.is_active and not vera.coordinates and vera.awaits_sponsor
    assert vera.disabled_by == plant.ivan and "has left" in vera.disabled_reason
    assert not is_signed_in(browser)
    coming.refresh_from_db()
    waiting.refresh_from_db()
    assert coming.revoked_by == plant.ivan and not coming.revoke_cause
    assert waiting.state == AccessRequest.State.WITHDRAWN
    assert MaintenanceWindow.objects.get(pk=others.pk).revoked_at is None
    assert not Invitation.objects.open().exists()
    assert (
        departure.web_sessions_ended,
        departure.windows_revoked,
        departure.requests_withdrawn,
        departure.invitations_revoked,
    ) == (1, 1, 1, 1)
    # Nothing was live, so nothing had to be proven.
    assert departure.completed_at == departure.access_ended_at
    assert departure.reported_at <= departure.access_ended_at
    told = Notification.objects.filter(kind="leaver.reported")
    assert {row.recipient for row in told} == {plant.olga, carla}


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["carla", "olga", "ivan", "adam"])
def test_whoever_hears_of_it_first_reports_it(
    plant: Plant, carla: User, who: str
) -> None:
    """Without a fresh factor: stopping is fast."""
    person = carla if who == "carla" else getattr(plant, who)
    stale = origin(factor_age=9999)
    assert report_leaver(plant.vera, acting_user=person, origin=stale).completed_at


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["victor", "omar", "cora", "tom", "nora"])
def test_nobody_else_does(plant: Plant, tom: User, who: str) -> None:
    nora = make_person(
        "Nora Nord", vendor=plant.nordpack, coordinator_at=timezone.now()
    )
    person = {"tom": tom, "nora": nora}.get(who) or getattr(plant, who)
    with pytest.raises(NotAllowed):
        report(plant.vera, person)
    assert User.objects.get(pk=plant.vera.pk).is_active
    assert not Departure.objects.exists()


@pytest.mark.django_db
def test_not_twice_not_oneself_not_tomorrow_not_the_plants(
    plant: Plant, carla: User
) -> None:
    with pytest.raises(NotPossible, match="yourself"):
        report(carla, carla)
    with pytest.raises(NotPossible, match="still to come"):
        report(plant.vera, carla, left_at=timezone.now() + timedelta(days=1))
    with pytest.raises(NotAllowed):
        report(plant.cora, plant.ivan)
    last_week = timezone.now() - timedelta(days=7)
    assert report(plant.vera, carla, left_at=last_week).left_at == last_week
    with pytest.raises(TooLate):
        report(plant.vera, plant.ivan)


@pytest.mark.django_db(transaction=True)
def test_two_report_the_same_leaver_at_once(
    at_once: Callable[..., list[Any]], plant: Plant, carla: User, browser_of: Browser
) -> None:
    """One of them is told that it is done; nothing is ended, counted or told twice."""
    assert is_signed_in(browser_of(plant.vera))
    window = make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
    make_request(plant.vera, plant.filling_plc)

    results = at_once(
        lambda: report(plant.vera, carla), lambda: report(plant.vera, plant.ivan)
    )

    departure = Departure.objects.get()
    assert departure in results
    (late,) = [one for one in results if isinstance(one, Exception)]
    assert isinstance(late, TooLate) and late.code == "access_ended", late
    assert (
        departure.web_sessions_ended,
        departure.windows_revoked,
        departure.requests_withdrawn,
    ) == (1, 1, 1)
    assert departure.completed_at is not None
    window.refresh_from_db()
    assert window.revoked_by == departure.reported_by
    vera = User.objects.get(pk=plant.vera.pk)
    assert vera.disabled_by == departure.reported_by
    for event in ("account.leaver.reported", "account.revocation.completed"):
        assert AuditEvent.objects.filter(event=event).count() == 1
    told = Notification.objects.filter(kind="leaver.reported")
    assert len(told) == len({row.recipient_id for row in told}) > 0


@pytest.mark.django_db
def test_the_minutes_run_until_the_last_session_is_proven_over(
    plant: Plant, carla: User
) -> None:
    session = live_session_of(plant)
    departure = report(plant.vera, carla)
    session.refresh_from_db()
    assert session.end_requested_reason == "account_disabled"
    assert departure.completed_at is None and settle_departures() == 0
    assert Departure.objects.open().count() == 1

    proven = departure.reported_at + timedelta(minutes=3)
    BrokeredSession.objects.filter(pk=session.pk).update(
        state="ended", ended_at=proven, end_confirmed_at=proven, slot=None,
        end_reason="account_disabled",
    )  # fmt: skip
    assert (settle_departures(), settle_departures()) == (1, 0)
    departure.refresh_from_db()
    assert departure.seconds_to_proof == 180.0


@pytest.mark.django_db
def test_the_sponsor_confirms_that_somebody_is_gone(plant: Plant, carla: User) -> None:
    departure = report(plant.vera, carla)
    for who in (carla, plant.ivan, plant.omar):
        with pytest.raises(NotAllowed):
            acknowledge_departure(departure, acting_user=who, origin=origin())
    acknowledge_departure(departure, acting_user=plant.olga, origin=origin())
    assert AuditEvent.objects.filter(event="account.leaver.confirmed").count() == 1
    with pytest.raises(TooLate):
        acknowledge_departure(departure, acting_user=plant.adam, origin=origin())


@pytest.mark.django_db
def test_the_plant_takes_the_list_out_as_csv(
    plant: Plant, carla: User, tom: User, browser_of: Browser
) -> None:
    """What the filter shows; a note is no formula, and a late report is not made up for."""
    two_days_ago = timezone.now() - timedelta(days=2)
    late = report(plant.vera, carla, note="=HYPERLINK(0)", left_at=two_days_ago)
    report(tom, plant.ivan)
    acknowledge_departure(late, acting_user=plant.olga, origin=origin())

    answer = browser_of(plant.cora).post("/departures/export/", {"q": "Vogt"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="departures-')
    (line,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (line["departure"], line["person"]) == (late.number, "Vera Vogt")
    assert (line["reported_by"], line["confirmed_by"]) == ("Carla Corte", "Olga Olsen")
    assert line["note"] == "'=HYPERLINK(0)"
    assert (line["hours_left_to_ended"], line["within_limit"]) == ("48.00", "no")
    assert line["nothing_left_at"] == line["access_ended_at"]
    event = AuditEvent.objects.get(event="departures.exported")
    assert event.actor_id == plant.cora.pk
    assert event.detail == {"filter": {"q": "Vogt"}, "rows": 1}

    answer = browser_of(plant.adam).post(
        "/departures/export/", {"state": "unconfirmed"}
    )
    (line,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (line["person"], line["within_limit"]) == ("Tom Thoma", "yes")
    assert line["confirmed_at"] == line["confirmed_by"] == ""


@pytest.mark.django_db
def test_no_company_takes_a_list_out(carla: User, browser_of: Browser) -> None:
    browser = browser_of(carla)
    assert browser.post("/departures/export/").status_code == 403
    assert "/departures/export/" not in browser.get("/departures/").content.decode()


@pytest.mark.django_db
def test_one_click_on_the_companys_page_and_the_list_of_departures(
    plant: Plant, carla: User, browser_of: Browser
) -> None:
    browser = browser_of(carla)
    path = f"/departures/people/{plant.vera.pk}/report/"
    assert path in browser.get("/company/").content.decode()
    today = timezone.localdate().isoformat()
    assert browser.post(path, {"left_on": "someday"}).status_code == 422
    answer = browser.post(path, {"left_on": today, "reason": "New job"})
    departure = Departure.objects.get()
    assert answer.url == f"/departures/{departure.number}/"
    page = browser.get(answer.url).content.decode()
    assert "Nothing is left of this access" in page and "192.168" not in page

    listed = browser_of(plant.cora).get("/departures/?q=vogt").content.decode()
    assert departure.number in listed and "Carla Corte" in listed
    assert (
        departure.number
        not in browser_of(plant.cora).get("/departures/?q=nobody").content.decode()
    )
    assert departure.number in browser_of(plant.olga).get("/").content.decode()
    browser_of(plant.olga).post(f"{answer.url}confirm/")
    assert departure.number not in browser_of(plant.olga).get("/").content.decode()


@pytest.mark.django_db
def test_a_report_between_two_reads_of_a_look_says_why_it_ends(
    plant: Plant, carla: User, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row was read before the report, the facts after it: the web session is over."""
    session, key = live_session_of(plant), web_session_key_of(browser_of(plant.vera))

    def reported_meanwhile(keys: Iterable[str]) -> frozenset[str]:
        report(plant.vera, carla)
        return ended_by_somebody(keys)

    monkeypatch.setattr(looking, "ended_by_somebody", reported_meanwhile)
    question = looking.Question(session_id=session.pk, web_session_key=key)
    (seen,) = looking.looks([question])
    assert isinstance(seen, looking.Look)
    assert seen.verdict.outcome is Outcome.END
    assert seen.brokered_session.end_requested_reason == "account_disabled"
