"""Somebody of another company or another site walks through ids, lists and filters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.urls import reverse
from django.utils.functional import cached_property

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


def ids_like(real: Any, house: House) -> list[str]:
    """The id itself and others of its kind: what counts up is guessed, a name or a random id
    is not."""
    if isinstance(real, int):
        return [str(number) for number in sorted({*range(1, 7), real})]
    made = {
        str(house.things[name]) for name in ("request", "window_number", "recording")
    }
    numbers = made | {form.format(n) for form in NUMBERS for n in range(1, 4)}
    kind = str(real).partition("-")[0]
    return sorted({str(real)} | {one for one in numbers if one.startswith(f"{kind}-2")})


@contextmanager
def noting_who_reads_the_query() -> Iterator[list[WSGIRequest]]:
    """The requests whose query something reads; to all others every query is the same."""
    readers: list[WSGIRequest] = []
    parsed = WSGIRequest.__dict__["GET"].func

    def noted(request: WSGIRequest) -> Any:
        readers.append(request)
        return parsed(request)

    watched = cached_property(noted)
    watched.__set_name__(WSGIRequest, "GET")
    with mock.patch.object(WSGIRequest, "GET", watched):
        yield readers


@pytest.mark.parametrize("role", ["victor", "omar"])
def test_no_id_leads_to_what_is_not_theirs(role: str, house: House) -> None:
    """Every address that takes ids, with every number that could be one."""
    found = {}
    for name, line in MATRIX.items():
        args = line.args.split()
        if line.method != "get" or len(args) != 1 or role in line.yes.split():
            continue
        real = house.things[args[0]]
        for value in ids_like(real, house):
            path = reverse(name, args=[value])
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
        path, read = house.path(name, line), True
        for query in queries:
            if not read:
                break
            with noting_who_reads_the_query() as readers:
                answer = ask(house.browser(role), path, data=query)
            read = bool(readers)
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
