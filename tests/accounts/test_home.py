"""The start page answers "what needs me now", for each of the cast."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accessportal import audit
from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from tests.cast import make_request, make_window, origin

pytestmark = pytest.mark.django_db

Browser = Callable[..., Client]


def page(browser: Client) -> str:
    answer = browser.get("/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_vera_finds_the_way_in_while_her_window_is_open(
    browser_of: Browser,
    vera: User,
    olga: User,
    filling_hmi: Endpoint,
    filling_plc: Endpoint,
) -> None:
    window = make_window(vera, filling_hmi, filling_plc, decided_by=olga)
    text = page(browser_of(vera))
    assert "Your window is open" in text
    for endpoint in (filling_hmi, filling_plc):
        assert f"/sessions/start/{window.pk}/{endpoint.pk}/" in text


def test_before_and_after_the_window_there_is_no_way_in(
    browser_of: Browser, vera: User, olga: User, filling_hmi: Endpoint
) -> None:
    make_window(vera, filling_hmi, decided_by=olga, starts_in=timedelta(hours=1))
    make_window(
        vera,
        filling_hmi,
        decided_by=olga,
        starts_in=-timedelta(hours=9),
        lasts=timedelta(hours=1),
    )
    revoked = make_window(vera, filling_hmi, decided_by=olga)
    revoked.revoked_at, revoked.revoked_by, revoked.revoke_reason = (
        timezone.now(),
        olga,
        "stop",
    )
    revoked.save()
    text = page(browser_of(vera))
    assert "/sessions/start/" not in text
    assert "Coming windows" in text and "opens in" in text


def test_a_colleagues_window_is_not_offered(
    browser_of: Browser, vera: User, victor: User, olga: User, filling_hmi: Endpoint
) -> None:
    make_window(vera, filling_hmi, decided_by=olga)
    assert "Your window is open" not in page(browser_of(victor))


def test_vera_is_told_what_is_missing(browser_of: Browser, vera: User) -> None:
    vera.training_expires_at = timezone.now() + timedelta(days=9)
    vera.phone = ""
    vera.save()
    text = page(browser_of(vera))
    assert "Your training expires" in text
    assert "no phone number" in text
    assert "Only 0 recovery codes are left" in text


def test_olga_sees_what_waits_for_her_and_omar_does_not(
    browser_of: Browser, vera: User, olga: User, omar: User, filling_hmi: Endpoint
) -> None:
    access_request = make_request(vera, filling_hmi)
    link = f"/approvals/{access_request.number}/"
    assert link in page(browser_of(olga))
    assert link not in page(browser_of(omar))


def test_an_empty_day_says_how_it_gets_filled(browser_of: Browser, olga: User) -> None:
    text = page(browser_of(olga))
    assert "Nothing waits for you" in text and "Nobody is connected" in text


def test_ivan_sees_the_unusual(
    browser_of: Browser, ivan: User, vera: User, cora: User
) -> None:
    audit.record("session.end.unconfirmed", acting_user=vera, origin=origin())
    text = page(browser_of(ivan))
    assert "could not prove that a session is over" in text and "Critical" in text
    assert "could not prove" not in page(browser_of(cora))


def test_adam_sees_what_is_still_to_set_up(
    browser_of: Browser, adam: User, filling_hmi: Endpoint
) -> None:
    text = page(browser_of(adam))
    assert "has not passed a connection test yet" in text


def test_cora_sees_reviews(browser_of: Browser, cora: User) -> None:
    assert "Everything is reviewed" in page(browser_of(cora))


def test_the_navigation_shows_only_what_a_person_may_open(
    browser_of: Browser, vera: User, cora: User
) -> None:
    assert 'href="/vendors/"' not in page(browser_of(vera))
    assert 'href="/audit/"' not in page(browser_of(vera))
    assert 'href="/audit/"' in page(browser_of(cora))
    assert 'href="/approvals/"' not in page(browser_of(cora))


def test_the_number_of_queries_does_not_grow_with_the_rows(
    browser_of: Browser,
    vera: User,
    olga: User,
    filling_hmi: Endpoint,
    filling_plc: Endpoint,
) -> None:
    def queries(browser: Client) -> int:
        with CaptureQueriesContext(connection) as captured:
            page(browser)
        return len(captured)

    def ask_and_open(times: int) -> None:
        for _number in range(times):
            make_request(vera, filling_hmi, filling_plc)
            make_window(vera, filling_hmi, filling_plc, decided_by=olga)

    browsers = [browser_of(olga), browser_of(vera)]
    ask_and_open(1)
    few = [queries(browser) for browser in browsers]
    ask_and_open(4)
    assert [queries(browser) for browser in browsers] == few
    assert max(few) < 60
