"""Web sessions: limits by role, devices and their revocation, and what hangs on them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from accessportal.accounts.browsers import browser_in_words
from accessportal.accounts.limits import limits_of
from accessportal.accounts.models import RoleGrant, User, WebSession
from accessportal.accounts.services.people import disable_person
from accessportal.accounts.web_sessions import (
    Ended,
    close_expired,
    is_in_force,
    keep_awake,
    open_web_session,
)
from accessportal.audit.models import AuditEvent
from tests.accounts.steps import is_signed_in, sign_in
from tests.cast import Clock, origin, web_session_key_of

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"


def asks_by_itself(browser: Client) -> int:
    """What a page does without anybody: it reads JSON, or fetches a part of itself."""
    browser.get("/account/", headers={"hx-request": "true"})
    browser.post("/accounts/passkey/", headers={"portal-automatic": "1"})
    answer = browser.get(
        "/account/web-session/", headers={"accept": "application/json"}
    )
    return int(answer.status_code)


# --- Limits -------------------------------------------------------------------------


def test_the_shortest_limits_of_all_roles_hold(
    vera: User, olga: User, adam: User
) -> None:
    minutes = {
        person.email: limits_of(person).idle.total_seconds() / 60
        for person in (vera, olga, adam)
    }
    assert list(minutes.values()) == [30, 60, 15]
    RoleGrant.objects.create(user=olga, role="administrator", site=None)
    assert limits_of(olga).idle.total_seconds() == 15 * 60
    assert limits_of(vera, shared=True).absolute.total_seconds() == 2 * 3600
    RoleGrant.objects.filter(user=olga).delete()
    assert limits_of(olga).idle.total_seconds() == 15 * 60


def test_nothing_done_for_a_while_signs_out_and_says_so(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera)
    clock.forward(minutes=29)
    assert is_signed_in(browser)
    clock.forward(minutes=29)
    assert is_signed_in(browser)
    clock.forward(minutes=31)
    turned_away = browser.get("/account/")
    assert "nothing was done" in browser.get(turned_away.url).content.decode()
    event = AuditEvent.objects.get(event="auth.session.ended")
    assert event.detail["cause"] == "idle" and event.actor_type == "system"


def test_what_a_page_does_by_itself_is_nobody(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera)
    for _minute in range(3):
        clock.forward(minutes=9)
        assert asks_by_itself(browser) == 200
    clock.forward(minutes=4)
    assert asks_by_itself(browser) == 401


def test_the_last_two_minutes_are_put_off_by_one_request(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera)
    clock.forward(minutes=28, seconds=30)
    left = browser.get("/account/web-session/", headers={"accept": "application/json"})
    assert 80 <= left.json()["idle_in"] <= 90
    left = browser.post("/account/web-session/", headers={"accept": "application/json"})
    assert 1790 <= left.json()["idle_in"] <= 1800


def test_no_sign_in_lasts_longer_than_its_role_allows(
    clock: Clock, browser_of: Callable[..., Client], adam: User
) -> None:
    browser = browser_of(adam)
    for _quarter in range(8 * 6 - 1):
        clock.forward(minutes=10)
        assert browser.post("/account/web-session/").status_code == 200
    clock.forward(minutes=10)
    turned_away = browser.get("/account/")
    assert "as long as a sign-in lasts" in browser.get(turned_away.url).content.decode()


def test_work_at_a_machine_is_no_idling(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera)
    key = web_session_key_of(browser)
    for _quarter in range(4):
        clock.forward(minutes=15)
        keep_awake([key])
    assert is_signed_in(browser)


def test_running_out_of_time_ends_no_live_session_and_an_act_does(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    """Foreseeable against act (architecture, 2): policy asks exactly this."""
    late, gone = web_session_key_of(browser_of(vera)), browser_of(vera)
    key = web_session_key_of(gone)
    gone.post("/accounts/logout/")
    assert not is_in_force(key)
    clock.forward(minutes=31)
    assert close_expired() == 1
    assert is_in_force(late)
    assert not is_in_force("") and not is_in_force("never there")


def test_the_page_about_signing_in_prints_the_limits_that_hold() -> None:
    page = (settings.BASE_DIR / "docs" / "sign-in.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([\w ]+) \| (\d+) min \| (\d+) h \|$", page, re.MULTILINE)
    names = {"on a shared computer": "shared_computer"}
    assert {
        names.get(who, who.lower().replace(" ", "_")): (int(idle), int(absolute))
        for who, idle, absolute in told
    } == settings.WEB_SESSION_LIMITS


# --- Devices ------------------------------------------------------------------------


def test_a_sign_in_is_a_device_with_a_name(client: Client, vera: User) -> None:
    client.defaults["HTTP_USER_AGENT"] = CHROME
    sign_in(client, vera)
    row = WebSession.objects.get(user=vera)
    assert (row.browser, row.factor_kind) == ("Chrome, Android", "totp")
    page = client.get("/account/").content.decode()
    assert "Chrome, Android" in page and "This device" in page


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (CHROME, "Chrome, Android"),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/126 Safari/537 Edg/126",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU) Version/17 Mobile Safari/604", "Safari, iPhone"),
        ("curl/8", ""),
    ],
)
def test_browsers_are_called_what_people_call_them(said: str, words: str) -> None:
    assert browser_in_words(said) == words


def test_one_device_is_signed_out_from_another(
    browser_of: Callable[..., Client], vera: User
) -> None:
    here, lost = browser_of(vera), browser_of(vera)
    key = web_session_key_of(lost)
    pk = WebSession.objects.get(key=key).pk
    assert here.post(f"/account/devices/{pk}/").url == "/account/"
    assert is_signed_in(here) and not is_signed_in(lost)
    assert not is_in_force(key)
    assert here.post(f"/account/devices/{pk}/").status_code == 409
    event = AuditEvent.objects.get(event="auth.session.ended")
    assert (event.detail["cause"], event.actor_name) == ("revoked", vera.full_name)


def test_all_others_are_signed_out_at_once(
    browser_of: Callable[..., Client], vera: User, victor: User
) -> None:
    here, one, two, other = (
        browser_of(vera), browser_of(vera), browser_of(vera), browser_of(victor),
    )  # fmt: skip
    here.post("/account/devices/others/")
    assert [is_signed_in(browser) for browser in (here, one, two, other)] == [
        True,
        False,
        False,
        True,
    ]


def test_it_security_signs_somebody_out_everywhere(
    browser_of: Callable[..., Client], ivan: User, vera: User
) -> None:
    browser = browser_of(vera)
    security = browser_of(ivan)
    page = security.get(f"/people/{vera.pk}/signing-in/").content.decode()
    assert "Sign out everywhere" in page
    security.post(f"/people/{vera.pk}/devices/")
    turned_away = browser.get("/account/")
    assert "another device" in browser.get(turned_away.url).content.decode()
    assert (
        "signed out from elsewhere"
        in security.get(f"/people/{vera.pk}/signing-in/").content.decode()
    )


def test_disabling_ends_the_web_sessions_themselves(
    browser_of: Callable[..., Client], ivan: User, vera: User
) -> None:
    key = web_session_key_of(browser_of(vera))
    disable_person(acting_user=ivan, person=vera, reason="left", origin=origin())
    assert WebSession.objects.get(key=key).ended_reason == Ended.ACCESS
    assert (
        AuditEvent.objects.get(event="account.disabled").detail["web_sessions_ended"]
        == 1
    )


def test_a_cookie_without_a_row_opens_nothing(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera)
    WebSession.objects.all().delete()
    assert not is_signed_in(browser)


def test_a_shared_computer_has_limits_of_its_own(vera: User) -> None:
    row = open_web_session(
        vera, cookie="c", factor_kind="totp", origin=origin(), shared=True
    )
    assert (row.idle_at - row.begun_at).total_seconds() == 900
