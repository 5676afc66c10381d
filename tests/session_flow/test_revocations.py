"""Report R7: everybody whose access or role is gone, how fast, and what was left of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.accounts.services.employees import revoke_role
from accessportal.accounts.services.people import disable_person
from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Credential
from sessions.models import BrokeredSession
from sessions.revocations import Kind, Revocation, revocations
from sessions.services.departures import report_leaver
from tests.cast import Clock, Plant, make_person, make_vendor, origin
from tests.session_flow.test_departures import live_session_of

pytestmark = pytest.mark.django_db

Browser = Callable[..., Client]


@pytest.fixture
def gone(clock: Clock, plant: Plant) -> dict[Kind, User]:
    """One of each kind, within two days; the contract of Kurz runs out in the middle."""
    kurz = make_vendor("Kurz Service", contract_ends_at=clock.now + timedelta(hours=1))
    people = {
        Kind.LEFT: plant.vera,
        Kind.ENDED: plant.victor,
        Kind.LAPSED: make_person("Lars Leer", vendor=plant.nordpack),
        Kind.TRANSFER: plant.omar,
        Kind.EXPIRED: make_person(
            "Edda Ende",
            vendor=plant.nordpack,
            expires_at=clock.now + timedelta(hours=1),
        ),
        Kind.CONTRACT: make_person("Karl Kurz", vendor=kurz),
    }
    live_session_of(plant)
    clock.forward(hours=2)
    report_leaver(
        plant.vera, acting_user=plant.ivan, origin=origin(), note="=1+1",
        left_at=timezone.now() - timedelta(days=2),
    )  # fmt: skip
    disable_person(
        acting_user=plant.ivan, person=plant.victor, reason="Lent his phone",
        origin=origin(),
    )  # fmt: skip
    disable_person(
        acting_user=None, person=people[Kind.LAPSED], cause="never_used",
        origin=origin(),
    )  # fmt: skip
    revoke_role(
        acting_user=plant.adam, grant=plant.omar.role_grants.get(), reason="moves",
        origin=origin(),
    )  # fmt: skip
    return people


def lately() -> dict[Kind, Revocation]:
    now = timezone.now()
    rows = revocations(now - timedelta(days=1), now + timedelta(seconds=1))
    assert len(rows) == len({one.kind for one in rows})
    return {one.kind: one for one in rows}


def test_everybody_whose_access_is_gone_is_in_it_once(
    clock: Clock, plant: Plant, gone: dict[Kind, User]
) -> None:
    rows = lately()
    assert {kind: one.person for kind, one in rows.items()} == gone
    assert [one.removed_at for one in rows.values()] == sorted(
        (one.removed_at for one in rows.values()), reverse=True
    )
    said = {kind: (one.reported_by, one.note) for kind, one in rows.items()}
    assert said[Kind.ENDED] == ("Ivan Ivers", "Lent his phone")
    assert said[Kind.LAPSED][1] == "The account was never used"
    assert said[Kind.TRANSFER] == ("Adam Albers", "OT supervisor: Plant South")
    assert said[Kind.EXPIRED] == said[Kind.CONTRACT] == ("", "")
    # Nobody is in it twice: who was out before a date came is not out by it.
    User.objects.filter(pk=plant.victor.pk).update(expires_at=clock.now)
    clock.forward(hours=1)
    assert lately()[Kind.EXPIRED].person == gone[Kind.EXPIRED]
    # Nor is what is still to come.
    User.objects.filter(pk=plant.omar.pk).update(
        expires_at=clock.now + timedelta(minutes=1)
    )
    assert lately()[Kind.EXPIRED].person == gone[Kind.EXPIRED]


def test_it_counts_until_the_last_session_is_proven_over(
    clock: Clock, gone: dict[Kind, User]
) -> None:
    """Vera left two days before anybody said so; her session is live at the report."""
    row = lately()[Kind.LEFT]
    assert len(row.sessions) == 1 and row.nothing_left_at is None
    assert row.in_time is False  # the day has passed already
    proven = row.reported_at + timedelta(minutes=3)
    BrokeredSession.objects.update(
        state="ended", ended_at=proven, end_confirmed_at=proven, slot=None,
        end_reason="account_disabled",
    )  # fmt: skip
    row = lately()[Kind.LEFT]
    assert row.seconds_from_report == 180 and row.in_time is False
    assert 0 <= (row.seconds_from_effective or 0) - 2 * 86400 - 180 < 60
    others = {kind: one.in_time for kind, one in lately().items() if kind != Kind.LEFT}
    assert set(others.values()) == {True}


def test_a_session_that_is_not_over_yet_is_open_until_the_day_has_passed(
    clock: Clock, plant: Plant
) -> None:
    live_session_of(plant)
    clock.forward(minutes=1)
    report_leaver(plant.vera, acting_user=plant.ivan, origin=origin())
    assert lately()[Kind.LEFT].in_time is None
    clock.forward(hours=23, minutes=59)
    assert lately()[Kind.LEFT].in_time is None
    clock.forward(minutes=1, seconds=1)
    (row,) = revocations(clock.now - timedelta(days=3), clock.now)
    assert row.in_time is False


def test_passwords_of_machines_the_person_worked_on_are_changed_within_a_month(
    clock: Clock, plant: Plant, gone: dict[Kind, User]
) -> None:
    left_at = lately()[Kind.LEFT].removed_at

    def row() -> Revocation:
        found = revocations(left_at, left_at + timedelta(minutes=1))
        return next(one for one in found if one.kind == Kind.LEFT)

    def look() -> tuple[int, int, bool | None]:
        return len(row().passwords), row().passwords_changed, row().passwords_in_time

    assert look() == (1, 0, None)
    clock.forward(days=29)
    Credential.objects.update(changed_at=clock.now)
    assert look() == (1, 1, True)
    clock.forward(days=2)
    Credential.objects.update(changed_at=clock.now)
    assert look() == (1, 1, False)
    Credential.objects.update(changed_at=left_at - timedelta(days=1))
    assert look() == (1, 0, False)
    Credential.objects.all().delete()
    assert look() == (0, 0, None)


def test_at_one_site_the_plants_people_of_others_are_not_in_it(
    clock: Clock, plant: Plant, gone: dict[Kind, User], browser_of: Browser
) -> None:
    """Decision 62: of vendors' people she sees all, as on the other pages."""
    stan = make_person("Stan Sued", roles=[("compliance", plant.south)])
    nell = make_person("Nell Nord", roles=[("compliance", plant.north)])
    for one in (stan, nell):
        disable_person(acting_user=plant.adam, person=one, reason="x", origin=origin())
    isa = browser_of(make_person("Isa Inn", roles=[("it_security", plant.north)]))
    page = isa.get("/departures/revocations/").content.decode()
    assert "Victor Varga" in page and "Nell Nord" in page
    assert "Stan Sued" not in page and "Omar Ortega" not in page
    text = isa.post("/departures/revocations/export/").content.decode()
    assert "Nell Nord" in text and "Stan Sued" not in text and "Omar" not in text


def test_compliance_reads_prints_and_exports_it(
    clock: Clock, plant: Plant, gone: dict[Kind, User], browser_of: Browser
) -> None:
    cora = browser_of(plant.cora)
    page = cora.get("/departures/revocations/").content.decode()
    assert all(one.full_name in page for one in gone.values())
    assert "1 late" in page and "data-print" in page
    only = cora.get("/departures/revocations/", {"kind": "transfer"}).content.decode()
    assert "Omar Ortega" in only and "Edda Ende" not in only
    for odd in (
        {"from": "soon"},
        {"until": "9999-99-99"},
        {"kind": "\x00"},
        {"from": "0001-01-01"},
    ):
        assert cora.get("/departures/revocations/", odd).status_code == 200
    before = {"from": "2020-01-01", "until": "2020-12-31"}
    assert (
        "Edda Ende" not in cora.get("/departures/revocations/", before).content.decode()
    )

    answer = cora.post("/departures/revocations/export/", {"kind": "left"})
    (line,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (line["person"], line["action"], line["in_time"]) == (
        "Vera Vogt",
        "left",
        "no",
    )
    assert (line["note"], line["machine_passwords_used"]) == ("'=1+1", "1")
    assert line["nothing_left_at"] == "" and line["live_sessions"] == "1"
    event = AuditEvent.objects.get(event="revocations.exported")
    assert event.detail["rows"] == 1 and event.detail["filter"]["kind"] == "left"
    assert "/departures/revocations/" in cora.get("/departures/").content.decode()
    olga = browser_of(plant.olga)
    assert "/departures/revocations/" not in olga.get("/departures/").content.decode()
