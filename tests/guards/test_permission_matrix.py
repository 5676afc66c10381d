"""Every URL of the portal, tried as everybody: who gets in, who is told no, who learns nothing.

The table is in `tests/guards/matrix.py`. A URL without a line there fails, and a line must
name every role. Somebody who is not signed in gets a page to sign in, or 401.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accessportal.accounts.models import Invitation
from accessportal.audit import record
from accessportal.plants.models import EndpointCheck
from requests.models import ExtensionRequest, MaintenanceWindow
from sessions.models import (
    BrokeredSession,
    ComplianceReview,
    GuacdNode,
    Recording,
    StopOrder,
)
from tests.cast import (
    Plant,
    make_freeze,
    make_person,
    make_request,
    make_window,
    signed_in,
)
from tests.guards.lines import ROLES, Line
from tests.guards.matrix import MATRIX, PUBLIC
from tests.guards.matrix_sessions import COMPANION

# --- The URLs that are there ----------------------------------------------------------


def named_urls(resolver: URLResolver, space: str = "") -> Iterator[str]:
    """`group:name` of every URL; one without a name is given as its pattern."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from named_urls(
                entry, f"{space}{entry.namespace}:" if entry.namespace else space
            )
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name or entry.pattern}"


ALL_URLS = sorted(set(named_urls(get_resolver())))


def test_every_url_has_a_line():
    assert [
        name for name in ALL_URLS if name not in MATRIX and name not in PUBLIC
    ] == []


def test_every_line_has_a_url():
    assert sorted((set(MATRIX) | PUBLIC) - set(ALL_URLS)) == []


def test_every_line_names_every_role():
    for line in MATRIX.values():
        line.answers()


# --- Things to be reached -------------------------------------------------------------


@pytest.fixture
def things(plant: Plant) -> dict[str, Any]:
    """One of each: a pending request, an open window, a live session, a recording, ..."""
    now = timezone.now()
    pending = make_request(plant.vera, plant.filling_plc, starts_in=timedelta(days=1))
    window = make_window(plant.vera, plant.filling_gateway, decided_by=plant.olga)
    extension = ExtensionRequest.objects.create(
        window=window, minutes=30, reason="More", asked_by=plant.vera
    )
    live = make_session(window, plant, number="SES-2026-9001", state="active", slot=0)
    over = make_session(
        window,
        plant,
        number="SES-2026-9002",
        state="ended",
        ended_at=now,
        end_reason="ended_by_contractor",
        end_confirmed_at=now,
    )
    recording = Recording.objects.create(
        brokered_session=over,
        state="sealed",
        closed_at=now,
        sealed_at=now,
        key_id="0" * 16,
        wrapped_key="v1.x.x",
        manifest={"segments": []},
        manifest_signature="x",
    )
    ComplianceReview.objects.create(
        recording=recording,
        due_at=now + timedelta(days=15),
        worked_by=plant.vera,
        approved_by=plant.olga,
    )
    invitation = Invitation.objects.create(
        email="new@example.test",
        vendor=plant.fillwerk,
        token_hash="0" * 64,
        invited_by=plant.olga,
        expires_at=now + timedelta(days=1),
    )
    check = EndpointCheck.objects.create(
        endpoint=plant.filling_gateway,
        kind="tcp",
        state="passed",
        started_by=plant.adam,
        finished_at=now,
        learnt_host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKx5Zs7Qb1mJ",
    )
    order = StopOrder.objects.create(
        number="STOP-2026-9001",
        kind=StopOrder.Kind.ISOLATION,
        site=plant.north,
        reason="Unknown traffic",
        requested_by=plant.olga,
    )
    event = record("request.submitted", acting_user=plant.vera, access_request=pending)
    return {
        "request": pending.number,
        "window": window.pk,
        "window_number": window.access_request.number,
        "extension": extension.pk,
        "session": live.pk,
        "broker": "main",
        "recording": over.number,
        "segment": 1,
        "endpoint": plant.filling_gateway.pk,
        "asset": plant.filling_line.slug,
        "site": plant.north.slug,
        "freeze": make_freeze(
            plant.north, starts_in=timedelta(0), lasts=timedelta(1)
        ).pk,
        "check": check.pk,
        "vendor": plant.fillwerk.slug,
        "person": plant.vera.pk,
        "colleague": plant.olga.pk,
        "invitation": invitation.pk,
        "event": event.event_id,
        "order": order.number,
        "guacd": GuacdNode.objects.create(address="guacd-2:4822").pk,
    }


def make_session(window: Any, plant: Plant, **fields: Any) -> BrokeredSession:
    return BrokeredSession.objects.create(
        window=window,
        endpoint=plant.filling_gateway,
        started_by=plant.vera,
        permission="control",
        active_at=timezone.now(),
        **fields,
    )


@pytest.fixture
def people(plant: Plant) -> dict[str, Any]:
    made = {role: getattr(plant, role) for role in ROLES if role != "vito"}
    made["vito"] = make_person("Vito Vogel", vendor=plant.fillwerk)
    return made


def answer_of(client: Client, name: str, line: Line, things: dict[str, Any]) -> str:
    """What the URL says to this browser, in the words of the matrix; nothing is kept."""
    path = reverse(name, args=[things[thing] for thing in line.args.split()])
    with transaction.atomic():
        data = {field: value.format(**things) for field, value in line.data}
        response = getattr(client, line.method)(path, data)
        transaction.set_rollback(True)
    if response.status_code == 401 or response.headers.get("Location", "").startswith(
        reverse("accounts:sign_in")
    ):
        return "sign in"
    words: dict[int, str] = {403: "no", 404: "not_known"}
    if response.status_code in {200, 302, 409, 422, 429}:
        return "yes"
    return words.get(response.status_code, str(response.status_code))


# --- The tests ------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_who_gets_what(name: str, things: dict[str, Any], people: dict[str, Any]):
    line = MATRIX[name]
    expected = line.answers() | {"nobody": "sign in"}

    answers = {"nobody": answer_of(Client(), name, line, things)}
    for role, person in people.items():
        answers[role] = answer_of(signed_in(Client(), person), name, line, things)

    assert {
        role: (answers[role], answer)
        for role, answer in expected.items()
        if answers[role] != answer
    } == {}


def test_a_companion_gains_the_session_and_nothing_else(
    things: dict[str, Any], plant: Plant
):
    """Named on the request of the live session; compared with a colleague who is not."""
    tom = make_person("Tom Thoma", vendor=plant.fillwerk)
    window = MaintenanceWindow.objects.get(pk=things["window"])
    window.access_request.companions.add(tom)
    browser = signed_in(Client(), tom)
    answers = {
        name: answer_of(browser, name, line, things) for name, line in MATRIX.items()
    }
    expected = {
        name: COMPANION.get(name, line.answers()["vito"])
        for name, line in MATRIX.items()
    }
    assert {
        name: (answers[name], answer)
        for name, answer in expected.items()
        if answers[name] != answer
    } == {}


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_pages_answer_everybody(name: str, db: None):
    path = reverse(
        name, args=["no-such-token"] if name == "accounts:invitation" else []
    )
    assert Client().get(path).status_code < 500


@pytest.mark.parametrize("name", sorted(name for name in MATRIX if MATRIX[name].args))
def test_forged_ids_lead_nowhere(
    name: str, things: dict[str, Any], people: dict[str, Any]
):
    """An id that belongs to nothing is 404 for everybody, even for those who may see all."""
    forged = {
        **things,
        **dict.fromkeys(
            ("window", "extension", "endpoint", "freeze", "check", "guacd"),
            987654321,
        ),
        **dict.fromkeys(("site", "asset", "vendor", "order"), "no-such"),
        **dict.fromkeys(("request", "window_number"), "REQ-1999-0001"),
        "recording": "SES-1999-0001",
        "session": uuid.uuid4(),
        "event": uuid.uuid4(),
    }
    line = MATRIX[name]
    for role in line.yes.split():
        answer = answer_of(signed_in(Client(), people[role]), name, line, forged)
        assert answer == "not_known", role


@pytest.mark.parametrize(
    "name", sorted(name for name, line in MATRIX.items() if line.method == "post")
)
def test_acts_are_never_links(
    name: str, things: dict[str, Any], people: dict[str, Any]
):
    """What changes something answers no GET: 405, or a page that only shows."""
    line = MATRIX[name]
    path = reverse(name, args=[things[thing] for thing in line.args.split()])
    for role in line.yes.split()[:1]:
        assert signed_in(Client(), people[role]).get(path).status_code == 405
