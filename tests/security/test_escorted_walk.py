"""Whoever is escorted without a second factor walks through the portal: one request opens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accessportal.accounts.models import WebSession
from tests.cast import make_window
from tests.guards.house import House, ask, data_of
from tests.guards.house import house as build_house
from tests.guards.lines import Line
from tests.guards.matrix import BY_STATION, BY_TOKEN, MATRIX, PUBLIC
from tests.guards.test_permission_matrix import ALL_URLS
from tests.guards.things import make_session

pytestmark = [pytest.mark.django_db, pytest.mark.walk]

# All that opens. Of these, what names a session or a window opens for the own request only.
ABOUT_NOTHING = {"accounts:language", "accounts:sign_out", "escorts:enter"}
OF_THE_REQUEST = {"escorts:own", "sessions:console_start"}
OF_ITS_SESSIONS = {
    f"sessions:{name}"
    for name in (
        "acknowledge", "console", "declare_step", "end", "end_step", "message",
        "more_time", "resume", "status", "ticket",
    )
}  # fmt: skip

SOME_ID = UUID(int=0)


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), build_house() as built:
        cookie = built.cookies["vera"]
        WebSession.objects.filter(user=built.plant.vera).update(
            bound_to=built.things["window_number"]
        )
        built.cookies = {"vera": cookie}
        yield built


def bound(house: House) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = house.cookies["vera"]
    return client


def opens(house: House, path: str, method: str, data: dict[str, str]) -> bool:
    """Whether anything but the refusal, or the way back to the own request, answers."""
    as_script = {
        "Accept": "application/json"
    }  # the same guards, and a refusal costs no page
    answer = ask(bound(house), path, method, data, headers=as_script)
    if answer.status_code == 403 and b"escorted_only" in answer.content:
        return False
    own = reverse("escorts:own", args=[house.things["window_number"]])
    return not (path == "/" and answer.headers.get("Location") == own)


def ways(house: House) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Every address of the portal by name: with what it names, public ones too."""
    for name, line in MATRIX.items():
        yield name, house.path(name, line), line.method, data_of(line, house.things)
    for name in sorted(PUBLIC | BY_TOKEN | BY_STATION):
        for args in ((), ("x",), (1,), ("x", "y"), (SOME_ID,), (SOME_ID, "end")):
            try:
                path = reverse(name, args=args)
            except NoReverseMatch:
                continue
            for method in ("get", "post"):
                yield name, path, method, {}


def test_nothing_opens_but_the_own_request(house: House) -> None:
    opened: set[str] = set()
    tried: set[str] = set()
    for name, path, method, data in ways(house):
        tried.add(name)
        if opens(house, path, method, data):
            opened.add(name)
    assert opened == ABOUT_NOTHING | OF_THE_REQUEST | OF_ITS_SESSIONS
    assert set(ALL_URLS) - tried == set()


def test_what_opens_does_so_for_no_other_request(house: House) -> None:
    """Her own other window, and a session in it: the very same pages."""
    plant = house.plant
    other = make_window(
        plant.vera, plant.filling_plc, decided_by=plant.olga, lasts=timedelta(hours=3)
    )
    session = make_session(other, plant, number="SES-2026-9777", state="active", slot=1)
    there = {
        **house.things,
        "window_number": other.access_request.number,
        "window": other.pk,
        "session": session.pk,
    }
    for name in sorted(OF_THE_REQUEST | OF_ITS_SESSIONS):
        line: Line = MATRIX[name]
        here = house.path(name, line)
        assert opens(house, here, line.method, data_of(line, house.things)), name
        path = house.path(name, line, there)
        assert not opens(house, path, line.method, data_of(line, there)), name
