"""Every URL of the portal, tried as everybody: who gets in, who is told no, who learns nothing.

The table is in `tests/guards/matrix.py`. A URL without a line there fails, and a line must
name every role. Somebody who is not signed in gets a page to sign in, or 401. Each answer is
judged by what has to hold of all of them, too: its headers, and that no text became markup.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from requests.models import MaintenanceWindow
from tests.cast import make_person
from tests.guards.house import House, ask, data_of
from tests.guards.lines import COORDINATING, Line
from tests.guards.matrix import (
    AT_EACH_SITE,
    BY_STATION,
    BY_TOKEN,
    COORDINATOR,
    LET_IN,
    MATRIX,
    OF_NO_SITE,
    PUBLIC,
)
from tests.guards.matrix_sessions import COMPANION
from tests.security.judges import house_under_attack, wrong_with

pytestmark = [pytest.mark.django_db, pytest.mark.walk]

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
    known = set(MATRIX) | PUBLIC | BY_TOKEN | BY_STATION
    assert [name for name in ALL_URLS if name not in known] == []


def test_every_line_has_a_url():
    assert sorted((set(MATRIX) | PUBLIC | BY_TOKEN | BY_STATION) - set(ALL_URLS)) == []


def test_every_line_names_every_role():
    for line in MATRIX.values():
        line.answers()


# --- What a line says, and what is answered --------------------------------------------


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), house_under_attack() as built:
        yield built


def answer_of(
    house: House,
    role: str,
    name: str,
    line: Line,
    things: dict[str, Any] | None = None,
) -> str:
    """What the URL says to this role, in the words of the matrix; nothing is kept.

    Who is to be let in gets the page, and one of them the page that an act ends with. The
    others ask as a script does: the same guards answer, and a refusal costs no page.
    """
    named = things or house.things
    let_in = line.yes.split() if named is house.things else []
    reads_page = role in (let_in if line.method == "get" else let_in[:1])
    response = ask(
        house.browser(role),
        house.path(name, line, named),
        line.method,
        data_of(line, named),
        **(
            {}
            if reads_page or role == "nobody"
            else {"headers": {"Accept": "application/json"}}
        ),
    )
    assert wrong_with(response, signed_in=role != "nobody") == [], (name, role)
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
def test_who_gets_what(name: str, house: House):
    line = MATRIX[name]
    expected = line.answers() | {"nobody": "sign in"}
    answers = {role: answer_of(house, role, name, line) for role in expected}
    assert {
        role: (answers[role], answer)
        for role, answer in expected.items()
        if answers[role] != answer
    } == {}


@pytest.mark.parametrize("turn", ["first", "next"])
def test_who_came_in_long_ago_still_counts_as_fresh(turn: str, house: House):
    """The tables are about rights, and take longer on a slow machine than a factor is fresh.
    What one test notes in a web session is gone in the next."""
    name = "approvals:approve"
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        assert answer_of(house, "olga", name, MATRIX[name]) == "yes"


def test_a_companion_gains_the_session_and_nothing_else(house: House):
    """Named on the request of the live session; compared with a colleague who is not."""
    with house.for_now():
        tom = make_person("Tom Thoma", vendor=house.plant.fillwerk)
        window = MaintenanceWindow.objects.get(pk=house.things["window"])
        window.access_request.companions.add(tom)
        house.sign_in("tom", tom)
        answers = {
            name: answer_of(house, "tom", name, line) for name, line in MATRIX.items()
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


def test_a_coordinator_gains_the_company_and_nothing_else(house: House):
    """Compared with a colleague who is none; another company's coordinator gains nothing."""
    with house.for_now():
        nora = make_person(
            "Nora Nord", vendor=house.plant.nordpack, coordinator_at=timezone.now()
        )
        house.sign_in("nora", nora)
        answers = {
            name: answer_of(house, COORDINATING, name, LET_IN.get(name, line))
            for name, line in MATRIX.items()
        }
        others = {
            name: answer_of(house, "nora", name, MATRIX[name])
            for name in COORDINATOR
            if MATRIX[name].args
        }
    expected = {
        name: COORDINATOR.get(name, line.answers()["vito"])
        for name, line in MATRIX.items()
    }
    assert {
        name: (answers[name], answer)
        for name, answer in expected.items()
        if answers[name] != answer
    } == {}
    assert set(others.values()) == {"not_known"}


@pytest.mark.parametrize("role", ["olga", "ivan", "cora", "adam"])
def test_who_is_of_the_other_site_reaches_nothing_of_this_one(role: str, house: House):
    """Each role of the plant, held at South alone: what the matrix lets through for the
    role, and names a thing of North, is closed."""
    kind = getattr(house.plant, role).role_grants.get().role
    reached = {}
    with house.for_now():
        away = make_person("Sam South", roles=[(kind, house.plant.south)])
        house.sign_in("away", away)
        for name, line in MATRIX.items():
            if role in line.yes.split() and (
                names_a_thing_of_north(line) or name in AT_EACH_SITE
            ):
                reached[name] = answer_of(house, "away", name, line)
    assert reached
    assert {
        name: answer
        for name, answer in reached.items()
        if answer not in {"no", "not_known"}
    } == {}


def names_a_thing_of_north(line: Line) -> bool:
    args = set(line.args.split())
    in_data = any("{" in value for _, value in line.data)
    return not args & OF_NO_SITE and (bool(args) or in_data)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_pages_answer_everybody(name: str, db: None):
    path = reverse(
        name,
        args=["no-such-token"]
        if name in {"accounts:invitation", "accounts:password_link"}
        else [],
    )
    assert Client().get(path).status_code < 500


@pytest.mark.parametrize("name", sorted(name for name in MATRIX if MATRIX[name].args))
def test_forged_ids_lead_nowhere(name: str, house: House):
    """An id that belongs to nothing is 404 for everybody, even for those who may see all."""
    forged = {
        **house.things,
        **dict.fromkeys(
            (
                "window",
                "escort",
                "extension",
                "later_wish",
                "endpoint",
                "freeze",
                "stop",
                "turn",
                "checklist_item",
                "shift",
                "shift_exception",
                "calendar",
                "check",
                "guacd",
                "delegation",
                "lent_place",
                "override",
                "alert",
                "api_token",
                "mapping",
                "identity",
                "break_glass",
                "colleague",
                "colleague_invitation",
                "grant",
                "person",
                "passkey",
                "push_device",
                "webhook",
                "saved_wish",
                "station",
                "device",
                "factor_reset",
                "factor_rule",
                "proposal",
                "substitution",
                "policy_version",
                "policy_rule",
                "approver_group",
                "approver_member",
            ),
            987654321,
        ),
        **dict.fromkeys(("site", "asset", "vendor", "order", "departure"), "no-such"),
        **dict.fromkeys(("request", "window_number", "emergency"), "REQ-1999-0001"),
        "recording": "SES-1999-0001",
        "session": uuid.uuid4(),
        "event": uuid.uuid4(),
        "attachment": uuid.uuid4(),
        "form_file": uuid.uuid4(),
    }
    line = MATRIX[name]
    for role in line.yes.split():
        assert answer_of(house, role, name, line, forged) == "not_known", role


@pytest.mark.parametrize(
    "name", sorted(name for name, line in MATRIX.items() if line.method == "post")
)
def test_acts_are_never_links(name: str, house: House):
    """What changes something answers no GET: 405, or a page that only shows."""
    line = MATRIX[name]
    for role in line.yes.split()[:1]:
        answer = ask(house.browser(role), house.path(name, line))
        assert answer.status_code == 405
