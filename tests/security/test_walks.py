"""Somebody of another company or another site walks through ids, lists and filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import NoReverseMatch, reverse

from tests.guards.house import House, ask
from tests.guards.house import house as build_house
from tests.guards.matrix import MATRIX

pytestmark = [pytest.mark.django_db, pytest.mark.walk]

# Facts of Fillwerk's work at plant North, and what nobody may ever see.
OTHERS = {
    "victor": [b"Vera Vogt", b"Fillwerk", b"Filling line 3", b"capper torque"],
    "omar": [b"Filling line 3", b"capper torque", b"Plant North", b"asset-password"],
}
NUMBERS = ["REQ-2026-{:04d}", "SES-2026-{:04d}", "STOP-2026-{:04d}"]


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), build_house() as built:
        yield built


def leaks(answer: Any, role: str) -> list[bytes]:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return [fact for fact in OTHERS[role] if fact in body]


def numbers_of(house: House) -> list[str]:
    """The numbers that are really there, and some beside them."""
    made = {
        str(house.things[name]) for name in ("request", "window_number", "recording")
    }
    return sorted(made | {form.format(n) for form in NUMBERS for n in range(1, 4)})


@pytest.mark.parametrize("role", ["victor", "omar"])
def test_no_id_leads_to_what_is_not_theirs(role: str, house: House) -> None:
    """Every address that takes ids, with every number that could be one."""
    small = [str(number) for number in range(1, 7)]
    found = {}
    for name, line in MATRIX.items():
        args = line.args.split()
        if line.method != "get" or len(args) != 1 or role in line.yes.split():
            continue
        real = house.things[args[0]]
        tries = small if isinstance(real, int) else [str(real), *numbers_of(house)]
        for value in tries:
            try:
                path = reverse(name, args=[int(value) if value in small else value])
            except NoReverseMatch:
                continue  # the address takes no such id
            answer = ask(
                house.browser(role), path, headers={"Accept": "application/json"}
            )
            if seen := leaks(answer, role):
                found[path] = seen
    assert found == {}


@pytest.mark.parametrize("role", ["victor", "omar"])
def test_no_list_filter_or_search_shows_it(role: str, house: House) -> None:
    queries: list[dict[str, str]] = [
        {},
        {"q": "Filling"},
        {"q": "Vera", "site": "north", "state": "pending"},
        {"sort": "-requested_by__password", "page": "2"},
        {"site": str(house.plant.north.pk), "again": str(house.things["request"])},
    ]
    found = {}
    for name, line in MATRIX.items():
        if line.method != "get" or line.args or role not in line.yes.split():
            continue
        for query in queries:
            answer = ask(house.browser(role), house.path(name, line), data=query)
            seen = leaks(answer, role)
            # What was searched for is repeated in its own field.
            said = [fact for fact in seen if fact.decode() not in str(query)]
            if said and not (name in KNOWN and set(said) <= KNOWN[name]):
                found[f"{name} {query}"] = said
    assert found == {}


# Omar invites and suspends vendors, who work for the company and not for one site, and knows
# what its sites are called.
KNOWN = {
    "accounts:vendors": {b"Plant North"},
}
