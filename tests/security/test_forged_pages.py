"""A page of somebody else sends forms and links into the portal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from accessportal.audit.models import AuditEvent
from tests.guards.house import House, ask, data_of
from tests.guards.house import house as build_house
from tests.guards.matrix import LET_IN

pytestmark = pytest.mark.walk

ELSEWHERE = [
    "https://evil.example",
    "http://evil.example/\\@portal",
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "/\\evil.example",
    "\\\\evil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "http:evil.example",
    "https:/evil.example",
    " //evil.example",
    "\r\nLocation: https://evil.example",
]


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), build_house() as built:
        yield built


@pytest.mark.django_db
def test_no_form_of_another_page_is_taken(house: House) -> None:
    """Every act, as who may do it, without the token: refused, and nothing is recorded."""
    taken = {}
    before = AuditEvent.objects.count()
    for name, line in LET_IN.items():
        if line.method != "post":
            continue
        browser = house.browser(line.yes.split()[0])
        browser.handler.enforce_csrf_checks = True
        data = data_of(line, house.things)
        for headers in (
            {},
            {"Origin": "https://evil.example"},
            {"X-CSRFToken": "x" * 64},
        ):
            # As a script: the same refusal, without a page drawn four hundred times.
            asked = headers | {"Accept": "application/json"}
            answer = ask(browser, house.path(name, line), "post", data, headers=asked)
            if answer.status_code != 403:
                taken[name] = answer.status_code
    assert taken == {}
    assert AuditEvent.objects.count() == before


@pytest.mark.django_db
def test_signing_in_and_out_are_no_exception(house: House) -> None:
    """A forged sign-in would work for the attacker's account; a forged sign-out is a nuisance."""
    for name in ("accounts:sign_in", "accounts:sign_out", "accounts:language"):
        browser = Client(enforce_csrf_checks=True)
        answer = ask(browser, reverse(name), "post", {"email": "a@b.test"})
        assert answer.status_code == 403, name


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.django_db
def test_no_link_leads_out_after_signing_in(target: str, house: House) -> None:
    vera = house.browser("vera")
    for path in (reverse("accounts:sign_in"), reverse("accounts:confirm")):
        answer = vera.get(path, {"next": target})
        assert host_of(answer) == "portal.plant.example"
    answer = ask(
        Client(),
        reverse("accounts:language"),
        "post",
        {"language": "de", "next": target},
    )
    assert host_of(answer) == "portal.plant.example"


def host_of(answer: Any) -> str | None:
    """Where a browser on the portal would go."""
    target = urljoin(
        "https://portal.plant.example/x/", answer.headers.get("Location", "/")
    )
    parts = urlsplit(target)
    return parts.hostname if parts.scheme == "https" else target
