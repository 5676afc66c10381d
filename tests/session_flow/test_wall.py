"""The wall: a screen that is nobody, rings, stops at once, and lets a key decide."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from requests.match_words import match_words
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, Station, StationAct
from tests.accounts.authenticator import challenge_for, passkey_for
from tests.cast import (
    Clock,
    Plant,
    make_person,
    make_policy,
    make_request,
    make_window,
)
from tests.guards.house import House
from tests.guards.matrix import BY_STATION, MATRIX
from tests.guards.things import make_session, make_things

pytestmark = pytest.mark.django_db

WALL = "/sessions/wall/"
CHROME = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537"}
PHONE = {"HTTP_USER_AGENT": "Mozilla/5.0 (iPhone) Safari/605"}


def code_for(browser: Client, plant: Plant, place: str = "Filling control room") -> str:
    page = browser.post(
        f"/plants/sites/{plant.north.slug}/stations/enrol/", {"place": place}
    )
    found = re.search(
        r"token-text[^>]*>([A-Z2-9]{5}-[A-Z2-9]{5})<", page.content.decode()
    )
    assert found
    return found[1]


@pytest.fixture
def screen(plant: Plant, browser_of: Callable[..., Client]) -> Client:
    """The enrolled screen of North's control room."""
    code = code_for(browser_of(plant.adam), plant)
    client = Client(**CHROME)
    assert client.post(f"{WALL}join/", {"code": code.lower()}).status_code == 302
    return client


@pytest.fixture
def live(plant: Plant) -> BrokeredSession:
    window = make_window(plant.vera, plant.filling_gateway, decided_by=plant.olga)
    return make_session(window, plant, number="SES-2026-9001", state="active", slot=0)


def test_a_code_is_good_once_and_for_a_quarter_of_an_hour(
    clock: Clock, plant: Plant, browser_of: Callable[..., Client]
) -> None:
    adam = browser_of(plant.adam)
    code = code_for(adam, plant)
    assert code not in adam.get("/plants/sites/north/stations/").content.decode()
    for wrong in ("", "AAAAA-AAAAA", code[:-1]):
        refused = Client(**CHROME).post(f"{WALL}join/", {"code": wrong})
        assert refused.status_code == 422 and "portal_station" not in refused.cookies
    first = Client(**CHROME).post(f"{WALL}join/", {"code": code})
    cookie = first.cookies["portal_station"]
    assert cookie["path"] == WALL and cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie.value not in str(Station.objects.values())
    assert Client(**CHROME).post(f"{WALL}join/", {"code": code}).status_code == 422
    late = code_for(adam, plant, "Packaging")
    clock.forward(minutes=16)
    assert Client(**CHROME).post(f"{WALL}join/", {"code": late}).status_code == 422
    kinds = AuditEvent.objects.filter(event__startswith="station.").order_by("pk")
    assert [row.event.removeprefix("station.") for row in kinds] == [
        "enrolled",
        *["refused"] * 3,
        "joined",
        "refused",
        "enrolled",
        "refused",
    ]
    assert (
        browser_of(plant.olga)
        .post("/plants/sites/north/stations/enrol/", {"place": "x"})
        .status_code
        == 403
    )


def test_it_sees_its_site_and_nothing_else(
    plant: Plant, screen: Client, live: BrokeredSession
) -> None:
    make_request(plant.vera, plant.filling_plc)
    south = make_request(plant.vera, plant.washer_hmi)
    page = screen.get(WALL).content.decode()
    assert "Filling control room" in page and "Vera Vogt" in page
    assert south.number not in page and "Bottle washer" not in page
    assert screen.get(f"{WALL}requests/{south.number}/").status_code == 404
    washer = make_window(plant.vera, plant.washer_hmi, decided_by=plant.omar)
    away = BrokeredSession.objects.create(
        window=washer, endpoint=plant.washer_hmi, started_by=plant.vera, slot=0,
        number="SES-2026-9009", permission="control", state="active",
    )  # fmt: skip
    assert screen.post(f"{WALL}sessions/{away.pk}/", {"what": "end"}).status_code == 404
    away.refresh_from_db()
    assert away.end_requested_at is None


def test_a_station_is_nobody_everywhere_else(plant: Plant, screen: Client) -> None:
    """Its cookie is sent to no other page; even when it is, each asks who one is."""
    things = make_things(plant) | {"broker": "main"}
    house = House(plant, things, people={})
    screen.cookies["portal_station"]["path"] = "/"
    for name, line in MATRIX.items():
        answer = getattr(screen, line.method)(
            house.path(name, line), headers={"Accept": "application/json"}
        )
        signed_out = answer.status_code == 401
        turned_away = answer.headers.get("Location", "").startswith("/accounts/login/")
        assert signed_out or turned_away, name


def test_its_pages_are_closed_to_everybody_else(
    plant: Plant, live: BrokeredSession, browser_of: Callable[..., Client]
) -> None:
    number = make_request(plant.vera, plant.filling_plc).number
    args: dict[str, list[Any]] = {
        "wall:now": [],
        "wall:act": [live.pk],
        "wall:name": [1],
        "wall:decide": [number],
        "wall:decided": [number],
    }
    assert set(args) == BY_STATION
    for person in (plant.adam, plant.olga, plant.vera, None):
        browser = browser_of(person)
        for name, given in args.items():
            method = "get" if name in {"wall:now", "wall:decide"} else "post"
            answer = getattr(browser, method)(
                reverse(name, args=given), {"what": "end"}
            )
            assert answer.status_code == 404, (name, person)
        assert browser.get(WALL).headers["Location"] == f"{WALL}join/"
    live.refresh_from_db()
    assert live.end_requested_at is None


def test_it_freezes_and_ends_at_once_and_the_name_is_asked_afterwards(
    plant: Plant, screen: Client, live: BrokeredSession
) -> None:
    assert screen.post(f"{WALL}sessions/{live.pk}/", {"what": "x"}).status_code == 422
    screen.post(f"{WALL}sessions/{live.pk}/", {"what": "freeze"})
    live.refresh_from_db()
    assert (live.frozen_cause, live.frozen_by) == ("person", None)
    assert live.frozen_reason == "Filling control room, Plant North"
    again = screen.post(f"{WALL}sessions/{live.pk}/", {"what": "freeze"}, follow=True)
    assert "frozen already" in again.content.decode()
    screen.post(f"{WALL}sessions/{live.pk}/", {"what": "end"})
    live.refresh_from_db()
    assert live.end_requested_reason == "ended_by_plant"

    page = screen.get(f"{WALL}now/").content.decode()
    assert "Who did it?" in page and "Olga Olsen" in page and "Omar" not in page
    ended, frozen = StationAct.objects.all()
    for wrong in (plant.omar.pk, plant.vera.pk, "x", ""):
        answer = screen.post(f"{WALL}acts/{frozen.pk}/name/", {"person": wrong})
        assert answer.status_code == 404
    screen.post(f"{WALL}acts/{frozen.pk}/name/", {"person": plant.olga.pk})
    again = screen.post(f"{WALL}acts/{frozen.pk}/name/", {"person": plant.ivan.pk})
    assert again.status_code == 409
    frozen.refresh_from_db()
    assert frozen.named == plant.olga and ended.named is None
    said = AuditEvent.objects.get(event="station.act.named")
    assert (said.actor_type, said.detail["person"]) == ("system", "Olga Olsen")


def test_it_rings_and_the_contractor_reads_where(
    plant: Plant, screen: Client, browser_of: Callable[..., Client]
) -> None:
    screen.get(WALL)
    number = make_request(plant.vera, plant.filling_plc).number
    first = screen.get(f"{WALL}now/").content.decode()
    assert re.search(r'data-sound="r\d+"', first)
    screen.get(f"{WALL}now/")
    vera = browser_of(plant.vera)
    card = vera.get(f"/requests/{number}/").content.decode()
    card = card[card.index('id="delivery"') :][:1500]
    assert "Filling control room" in card and "rang" in card and "not seen" in card
    screen.get(f"{WALL}requests/{number}/")
    card = vera.get(f"/requests/{number}/").content.decode()
    assert "<strong>seen" in card


def test_a_key_and_pin_decide_and_sign_nobody_in(plant: Plant, screen: Client) -> None:
    """Olga may; Omar, of the other site, may not; without a key, or its PIN, nothing happens."""
    keys = {person.pk: passkey_for(person) for person in (plant.olga, plant.omar)}
    access_request = make_request(plant.vera, plant.filling_plc)
    path = f"{WALL}requests/{access_request.number}/"
    page = screen.get(path).content.decode()
    facts = re.search(r'name="facts_hash" value="(\w+)"', page)
    assert facts
    form = {"facts_hash": facts[1], "verdict": "approve"}

    def send(person: Any) -> Any:
        answer = keys[person.pk].sign(challenge_for(screen))
        return screen.post(f"{path}decided/", {**form, "passkey": answer})

    assert screen.post(f"{path}decided/", form).status_code == 422
    refused = send(plant.omar)
    assert refused.status_code in {403, 404}
    access_request.refresh_from_db()
    assert access_request.state == "pending"
    keys[plant.olga.pk].verifies = False  # touched, and nobody typed a PIN
    assert send(plant.olga).status_code == 422
    keys[plant.olga.pk].verifies = True
    said = screen.get(send(plant.olga)["Location"]).content.decode()
    assert f"{access_request.number}: approved by Olga Olsen." in said
    access_request.refresh_from_db()
    assert access_request.state == "approved"
    decision = access_request.decisions.get()
    assert (decision.decided_by, decision.factor) == (plant.olga, "passkey")
    # The screen is as much nobody as before.
    assert screen.get("/approvals/").status_code == 302
    assert "_auth_user_id" not in screen.session


def test_one_of_two_who_have_to_agree(plant: Plant, screen: Client) -> None:
    """The screen does not say that it is decided while somebody else is still asked."""
    both = [{"who": "role:ot_supervisor"}, {"who": "role:it_security"}]
    access_request = make_request(
        plant.vera,
        plant.filling_plc,
        policy=make_policy(plant.adam, {"steps": both}),
    )
    path = f"{WALL}requests/{access_request.number}/"
    for person, verdict, said in (
        (plant.olga, "approve", "Olga Olsen agreed. Others are needed, too."),
        (plant.ivan, "deny", "denied by Ivan Ivers."),
    ):
        page = screen.get(path).content.decode()
        facts = re.search(r'name="facts_hash" value="(\w+)"', page)
        assert facts
        form = {
            "facts_hash": facts[1],
            "verdict": verdict,
            "reason": "Not in this week",
            "passkey": passkey_for(person).sign(challenge_for(screen)),
        }
        answer = screen.post(f"{path}decided/", form, follow=True)
        assert f"{access_request.number}: {said}" in answer.content.decode()


def test_the_wall_shows_all_that_a_decision_rests_on(
    plant: Plant, screen: Client, browser_of: Any
) -> None:
    """Who else is asked, every time of it, that somebody has to be there, the match words."""
    both = [{"who": "role:ot_supervisor"}, {"who": "role:it_security"}]
    rules = make_policy(plant.adam, {"steps": both, "attendance": True})
    access_request = make_request(
        plant.vera,
        plant.filling_plc,
        policy=rules,
        recurrence="FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;COUNT=2",
    )
    week = timedelta(days=7)
    for start in (access_request.wanted_from, access_request.wanted_from + week):
        access_request.occurrences.create(
            starts_at=start, ends_at=start + timedelta(hours=2)
        )
    page = screen.get(f"{WALL}requests/{access_request.number}/").content.decode()
    theirs = browser_of(plant.olga).get(f"/approvals/{access_request.number}/")
    for words in (
        "Who has to agree",
        "Repeats",
        "Only while somebody of the plant attends.",
        match_words(access_request.match_key, "en"),
    ):
        assert words in page and words in theirs.content.decode(), words


def test_an_emergency_stands_first_says_why_and_is_decided_there(
    plant: Plant, screen: Client
) -> None:
    key = passkey_for(plant.olga)
    make_request(plant.vera, plant.filling_gateway, starts_in=timedelta(minutes=-1))
    now = timezone.now()
    access_request = make_request(
        plant.victor,
        plant.palletiser_panel,
        starts_in=timedelta(0),
        lasts=timedelta(hours=1),
        emergency_at=now,
        emergency_by=plant.victor,
        emergency_reason="Gantry stands since 03:00",
    )
    page = screen.get(WALL).content.decode()
    assert page.count("Gantry stands since 03:00") == 1
    first = re.search(r'wall/requests/(REQ-[\d-]+)/"', page)
    assert first and first[1] == access_request.number

    path = f"{WALL}requests/{access_request.number}/"
    page = screen.get(path).content.decode()
    assert "Emergency: the line is down" in page and "Gantry stands" in page
    facts = re.search(r'name="facts_hash" value="(\w+)"', page)
    assert facts
    answer = key.sign(challenge_for(screen))
    form = {"facts_hash": facts[1], "verdict": "approve", "passkey": answer}
    assert screen.post(f"{path}decided/", form).status_code == 302
    access_request.refresh_from_db()
    assert access_request.window.phase() == MaintenanceWindow.Phase.OPEN
    assert access_request.emergency_look.looked_at is None, "a second look is owed"
    page = screen.get(WALL).content.decode()
    assert "Gantry stands" not in page and "May connect now" in page
    assert page.index("May connect now") < page.index("Emergency</span>")
    live = make_session(
        access_request.window, plant, number="SES-2026-9002", state="active", slot=0
    )
    page = screen.get(WALL).content.decode()
    assert page.index("Emergency</span>") < page.index("Waits for a decision")
    assert screen.post(f"{WALL}sessions/{live.pk}/", {"what": "end"}).status_code == 302
    live.refresh_from_db()
    assert live.end_requested_at is not None


def test_a_revoked_station_and_a_copied_cookie_show_nothing(
    plant: Plant, screen: Client, browser_of: Callable[..., Client]
) -> None:
    copied = Client(**PHONE)
    copied.cookies["portal_station"] = screen.cookies["portal_station"].value
    assert copied.get(f"{WALL}now/").status_code == 404
    assert screen.get(f"{WALL}now/").status_code == 200
    station = Station.objects.get()
    ada = make_person("Ada South", roles=[("administrator", plant.south)])
    revoke = f"/plants/stations/{station.pk}/revoke/"
    assert browser_of(ada).post(revoke).status_code == 404
    assert browser_of(plant.adam).post(revoke).status_code == 302
    assert screen.get(f"{WALL}now/").status_code == 404
    assert browser_of(plant.adam).post(revoke).status_code == 409
