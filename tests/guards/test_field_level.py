"""Field by field: what a vendor's people must never read, wherever they look.

Unmistakable words stand in every field that is not theirs: another company, the address of
a machine, its sign-in, what the plant writes for itself. Then every page and every answer
that the table of permissions opens to them is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accessportal.accounts.models import Invitation, RoleDelegation, User, Vendor
from accessportal.plants.models import Asset, Credential, Endpoint
from accessportal.plants.vault import Secrets, store_secrets
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, ComplianceReview, Departure
from tests.cast import make_person, make_request, make_window
from tests.guards.house import House, ask, data_of
from tests.guards.house import house as build_house
from tests.guards.lines import CONTRACTORS, COORDINATING
from tests.guards.matrix import COORDINATOR, LET_IN

pytestmark = [pytest.mark.django_db, pytest.mark.walk]

# What is looked for. Each word is seeded in a field of its kind and nowhere else.
OTHER_VENDOR = ("Zyxcompany", "Zyxperson", "zyxmail")
ADDRESS = ("10.66.77.88", "45999")
CREDENTIAL = ("zyxuser", "zyxsecret")
NOTES = ("zyxchargenote", "zyxlockreason", "zyxreview", "zyxlentreason", "zyxclosed")
NEVER = (*OTHER_VENDOR, *ADDRESS, *CREDENTIAL, *NOTES)


def found_in(text: str) -> list[str]:
    """Which of the words stand there; the port as a number, not amid the digits of a token."""
    there = [word for word in NEVER if word in text]
    if not re.search(rf"(?<![\w.]){ADDRESS[1]}(?!\w)", text):
        there = [word for word in there if word != ADDRESS[1]]
    return there


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), build_house() as built:
        seed(built)
        yield built


def seed(house: House) -> None:
    """Another company works on the same machine at the same time; the rest has its words."""
    plant, now = house.plant, timezone.now()
    Vendor.objects.filter(pk=plant.nordpack.pk).update(name="Zyxcompany Robotics")
    User.objects.filter(pk=plant.victor.pk).update(
        full_name="Zyxperson Varga", email="zyxmail@example.test"
    )
    victor = User.objects.get(pk=plant.victor.pk)
    plant.filling_line.vendors.add(plant.nordpack)
    theirs = make_window(
        victor, plant.filling_gateway, plant.filling_plc, decided_by=plant.olga
    )
    make_request(victor, plant.filling_plc, starts_in=timedelta(days=1))
    BrokeredSession.objects.create(
        window=theirs, endpoint=plant.filling_gateway, started_by=victor, slot=1,
        number="SES-2026-9100", permission="control", state="active", active_at=now,
    )  # fmt: skip
    Endpoint.objects.update(host=ADDRESS[0], port=int(ADDRESS[1]))
    credential = Credential.objects.get(endpoint=plant.filling_gateway)
    store_secrets(credential, Secrets(username=CREDENTIAL[0], password=CREDENTIAL[1]))
    credential.save()
    BrokeredSession.objects.update(
        charge_note=NOTES[0], charge_offered_to=plant.olga, charge_offered_at=now
    )
    Asset.objects.filter(pk=plant.filling_line.pk).update(
        locked_out_at=now, locked_out_by=plant.olga, locked_out_reason=NOTES[1]
    )
    left = make_person("Zyxperson Zeman", vendor=plant.nordpack, disabled_at=now)
    Departure.objects.create(
        number="DEP-2026-9100", person=left, vendor=plant.nordpack, left_at=now,
        reported_at=now, reported_by=plant.olga, access_ended_at=now,
    )  # fmt: skip
    Invitation.objects.create(
        email="zyxmail.new@example.test", vendor=plant.nordpack, token_hash="2" * 64,
        invited_by=plant.olga, expires_at=now + timedelta(days=1),
    )  # fmt: skip
    User.objects.filter(vendor=plant.fillwerk, disabled_at__isnull=False).update(
        disabled_reason=NOTES[4]
    )
    ComplianceReview.objects.update(notes=NOTES[2])
    RoleDelegation.objects.update(reason=NOTES[3])


def read(house: House, role: str, name: str) -> str:
    """The whole answer to this role, as text."""
    line = LET_IN[name]
    response = ask(
        house.browser(role),
        house.path(name, line),
        line.method,
        data_of(line, house.things),
    )
    body: bytes = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    headers = " ".join(str(value) for value in response.headers.values())
    return f"{headers} {body.decode('utf-8', 'replace')}"


OPEN = sorted(
    (role, name)
    for name, line in LET_IN.items()
    for role in (*CONTRACTORS.split(), COORDINATING)
    if role in line.yes.split() and role != "victor"
)


def test_the_coordinators_pages_are_among_them() -> None:
    """They are open to nobody else of a company, so no other line would bring them in."""
    hers = {name for name, answer in COORDINATOR.items() if answer == "yes"}
    assert hers == {name for role, name in OPEN if role == COORDINATING}


@pytest.mark.parametrize(("role", "name"), OPEN)
def test_nothing_of_it_is_in_any_answer(role: str, name: str, house: House) -> None:
    text = read(house, role, name)
    assert found_in(text) == []


def test_nothing_of_it_is_in_a_refusal(house: House) -> None:
    """A busy machine, a locked one, a wish that another company's window stands against."""
    browser = house.browser("vera")
    own = MaintenanceWindow.objects.get(pk=house.things["window"])
    gateway = house.plant.filling_gateway
    start = ask(browser, f"/sessions/start/{own.pk}/{gateway.pk}/", "post", {})
    assert start.status_code == 422
    begin = timezone.now() + timedelta(minutes=10)
    wish = ask(
        browser,
        "/requests/new/check/",
        "post",
        {
            "site": "north",
            "endpoints": str(house.plant.filling_plc.pk),
            "permission": "control",
            "purpose": "Adjust the capper torque",
            "start": f"{begin:%Y-%m-%dT%H:%M}",
            "end": f"{begin + timedelta(hours=1):%Y-%m-%dT%H:%M}",
        },
    )
    for answer in (start, wish):
        text = answer.content.decode()
        assert found_in(text) == []


def test_the_words_are_there_for_those_who_may_read_them(house: House) -> None:
    """Or the tests above would find nothing for the wrong reason."""
    said = " ".join(
        read(house, role, name)
        for role, name in (
            ("olga", "sessions:board"),
            ("olga", "plants:asset_detail"),
            ("adam", "plants:asset_detail"),
            ("olga", "accounts:delegations"),
            ("olga", "departures:list"),
        )
    )
    seen = set(found_in(said))
    assert seen >= {"Zyxcompany", "Zyxperson", *ADDRESS, "zyxuser", *NOTES[1::2]}
    assert "zyxsecret" not in said  # nobody reads it
