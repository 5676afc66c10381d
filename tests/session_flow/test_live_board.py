"""The live board: every fact of a card, who looks from it, and the machines to look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from sessions.models import (
    BrokeredSession,
    LeftPressed,
    Participant,
    Recording,
    Sighting,
    Vantage,
)
from sessions.services.tickets import issue_ticket
from tests.cast import Plant, make_person, make_window, origin
from tests.session_flow.tunnel_kit import Bench

Change = Callable[[BrokeredSession, Plant], Any]


@pytest.fixture
def row(plant: Plant) -> BrokeredSession:
    """Vera at the HMI of North, active, recorded, in Olga's charge."""
    window = make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
    made = BrokeredSession.objects.create(
        number="SES-2026-7001",
        window=window,
        endpoint=plant.filling_hmi,
        started_by=plant.vera,
        permission="control",
        state="active",
        active_at=timezone.now(),
        slot=0,
        source_address="203.0.113.9",
        broker="broker-1",
        guacd_address="127.0.0.1:4822",
        lease_expires_at=timezone.now() + timedelta(seconds=4),
        person_in_charge=plant.olga,
        in_charge_since=timezone.now(),
    )
    Recording.objects.create(
        brokered_session=made, key_id="0" * 16, wrapped_key="v1.x.x"
    )
    here(made, plant.vera, Participant.Role.OWNER)
    return made


def here(row: BrokeredSession, user: Any, role: str, **fields: Any) -> None:
    Participant.objects.create(brokered_session=row, user=user, role=role, **fields)


def change(row: BrokeredSession, **fields: Any) -> None:
    BrokeredSession.objects.filter(pk=row.pk).update(**fields)


@pytest.fixture
def board(browser_of: Callable[..., Client], plant: Plant) -> Callable[..., str]:
    """`board()`: what Olga reads."""

    def read(who: Any = None) -> str:
        answer = browser_of(who or plant.olga).get(reverse("sessions:now"))
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    return read


def test_who_what_where_and_until(
    row: BrokeredSession, board: Callable[..., str]
) -> None:
    text = board()
    for fact in (
        "Vera Vogt",
        "Fillwerk Service",
        "Filling line 3",
        "203.0.113.9",
        "REC",
        "Olga Olsen",
        "broker-1 · 127.0.0.1:4822",
        "Ends in",
        "data-picture",
    ):
        assert fact in text, fact
    assert "browser away" not in text


def failed(row: BrokeredSession, plant: Plant) -> None:
    change(row, recording_failed_at=timezone.now())


def unrecorded(row: BrokeredSession, plant: Plant) -> None:
    change(row, unrecorded_at=timezone.now(), unrecorded_by=plant.olga)


def behind(row: BrokeredSession, plant: Plant) -> None:
    Sighting.objects.create(brokered_session=row, recorder_behind_since=timezone.now())


def held(row: BrokeredSession, plant: Plant) -> None:
    Participant.objects.update(left_at=timezone.now())
    change(row, frozen_at=timezone.now(), frozen_cause="away")


def frozen(row: BrokeredSession, plant: Plant) -> None:
    change(
        row,
        frozen_at=timezone.now(),
        frozen_cause="person",
        frozen_by=plant.ivan,
        frozen_reason="Stand clear",
    )


def old_lease(row: BrokeredSession, plant: Plant) -> None:
    change(row, lease_expires_at=timezone.now() - timedelta(seconds=9))


def anchored(row: BrokeredSession, plant: Plant) -> None:
    now = timezone.now()
    change(
        row,
        anchor_broker="broker-2",
        anchored_at=now,
        lease_expires_at=now + timedelta(hours=1),
    )


def taken(row: BrokeredSession, plant: Plant) -> None:
    change(row, baton_with=plant.olga)
    here(row, plant.olga, Participant.Role.OBSERVER)


def lost(row: BrokeredSession, plant: Plant) -> None:
    Sighting.objects.create(
        brokered_session=row, disagreement="no_broker", since=timezone.now()
    )


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (failed, ["failed since"]),
        (unrecorded, ["not recorded", "allowed by Olga Olsen"]),
        (behind, ["behind since"]),
        (held, ["Held", "the work is kept open", "Keep it open"]),
        (frozen, ["Frozen by Ivan Ivers", "Stand clear"]),
        (old_lease, ["does not answer"]),
        (anchored, ["broker-2 stands by"]),
        (taken, ["the plant has taken control"]),
        (lost, ["No process carries this session", "If it stays, end it here"]),
    ],
)
def test_what_a_card_says(
    row: BrokeredSession,
    plant: Plant,
    board: Callable[..., str],
    what: Change,
    said: list[str],
) -> None:
    before = board()
    what(row, plant)
    text = board()
    for words in said:
        assert words not in before
        assert words in text, words


def test_who_watches_and_from_where(
    row: BrokeredSession, plant: Plant, board: Callable[..., str]
) -> None:
    here(row, plant.olga, Participant.Role.OBSERVER, vantage=Vantage.BOARD)
    assert "Olga Olsen</bdi> (live board)" in board()
    here(row, plant.olga, Participant.Role.OBSERVER)
    assert "Olga Olsen</bdi> (live board)" not in board()


def test_a_contractor_reads_nothing_of_the_plants_own(
    row: BrokeredSession, plant: Plant, board: Callable[..., str]
) -> None:
    text = board(plant.vera)
    assert "Filling line 3" in text
    for words in ("broker-1", "In charge", "data-picture", "203.0.113.9"):
        assert words not in text, words
    assert "Filling line 3" not in board(plant.victor)
    assert "Filling line 3" not in board(plant.omar)


def test_a_machine_left_with_something_pressed(
    row: BrokeredSession,
    plant: Plant,
    board: Callable[..., str],
    browser_of: Callable[..., Client],
) -> None:
    LeftPressed.objects.create(brokered_session=row, held=2)
    text = board()
    assert "Look at Filling line 3" in text and "2 keys or buttons" in text
    assert "Look at Filling line 3" not in board(plant.vera)
    told = board(plant.cora)  # who may not say so is not asked to
    assert "Look at Filling line 3" in told and "I have looked" not in told
    looked = reverse("sessions:looked", args=[row.pk])
    assert browser_of(plant.olga).post(looked).status_code == 302
    assert "Look at Filling line 3" not in board()
    assert browser_of(plant.olga).post(looked).status_code == 409
    event = AuditEvent.objects.get(event="session.machine.looked_at")
    assert event.actor_name == "Olga Olsen"


def test_a_session_that_another_broker_took_over_was_not_interrupted(
    row: BrokeredSession, board: Callable[..., str]
) -> None:
    """A key that nobody can name is down, and the work goes on."""
    left = LeftPressed.objects.create(brokered_session=row, held=1)
    for over in ({}, ended(left.noted_at + timedelta(minutes=5))):
        change(row, **over)
        text = board()
        assert "another part took the session over" in text
        assert "was interrupted" not in text
    change(row, **ended(left.noted_at - timedelta(seconds=1)))
    assert "was interrupted while a key or button" in board()


def ended(at: datetime) -> dict[str, Any]:
    return {"state": "ended", "end_reason": "window_closed", "ended_at": at}


def test_only_who_watches_looks_from_the_board(
    row: BrokeredSession, plant: Plant
) -> None:
    """An owner's ticket is always the console's: it is what brings the work back."""
    vito = make_person("Vito Vogel", vendor=plant.fillwerk)
    for who, vantage in ((plant.olga, "board"), (plant.vera, "console")):
        issue_ticket(
            row,
            acting_user=who,
            origin=origin(),
            web_session_key="k" * 32,
            vantage=Vantage.BOARD,
        )
        assert row.tickets.get(user=who).vantage == vantage
    assert not row.tickets.filter(user=vito).exists()


async def test_the_contractor_reads_who_looks_at_the_board(
    bench: Bench, plant: Plant
) -> None:
    window = await sync_to_async(make_window)(
        plant.vera, plant.filling_hmi, decided_by=plant.olga
    )
    live = await bench.start(window, plant.filling_hmi, plant.vera)
    console = await bench.enter(live, plant.vera)
    await console.picture()
    ticket = await sync_to_async(issue_ticket)(
        live,
        acting_user=plant.olga,
        origin=origin(address="127.0.0.1"),
        web_session_key=await bench.web_session_key(plant.olga),
        vantage=Vantage.BOARD,
    )
    opened, glance = await bench.knock(ticket.path, ticket.token, plant.olga)
    assert opened
    await glance.picture()

    def names() -> list[str]:
        said = [data for kind, data in console.words if kind == "participants"]
        return [one["name"] for one in said[-1]["participants"]]

    await console.until(lambda: "Olga Olsen (live board)" in names())
    (event,) = await bench.events("session.observer.joined")
    assert event.detail["vantage"] == "board"
    await glance.vanish()
    await console.until(lambda: names() == ["Vera Vogt"])
