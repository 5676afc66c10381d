"""The fresh factor before weighty acts, and that nothing typed is lost on the way."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client, RequestFactory

from accessportal.accounts import factors
from accessportal.accounts.models import User
from accessportal.accounts.stepup import fresh_factor
from accessportal.accounts.web_sessions import is_in_force
from accessportal.audit.models import AuditEvent
from tests.accounts.steps import code_of, wrong_code_of
from tests.cast import Clock, web_session_key_of

pytestmark = pytest.mark.django_db

NEW_CODES = "/account/recovery-codes/"


def stale(browser_of: Callable[..., Client], user: User) -> Client:
    return browser_of(user, factor_age=301)


@pytest.mark.parametrize(
    ("age", "fresh"),
    [(0, True), (299, True), (301, False), (-60, False), (None, False)],
)
def test_fresh_means_at_most_five_minutes(
    vera: User, age: float | None, fresh: bool
) -> None:
    import time

    request = RequestFactory().get("/")
    used = (
        {"factor_at": time.time() - age, "factor_kind": "totp"}
        if age is not None
        else {}
    )
    request.session = used  # type: ignore[assignment]
    request.user = vera
    assert fresh_factor(request) is fresh


def test_with_a_fresh_factor_the_act_is_done_at_once(
    browser_of: Callable[..., Client], vera: User
) -> None:
    page = browser_of(vera).post(NEW_CODES)
    assert page.status_code == 200
    assert factors.recovery_codes_left(vera) == 10


def test_a_form_without_a_fresh_factor_is_kept_whole(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = stale(browser_of, vera)
    page = browser.post(
        NEW_CODES, {"reason": "käse & <b>\n2. line", "asset": ["1", "2"]}
    )
    assert page.status_code == 403
    assert page.context["kept"] == [
        ("reason", "käse & <b>\n2. line"),
        ("asset", "1"),
        ("asset", "2"),
    ]
    text = page.content.decode()
    assert 'name="otp_code"' in text and "&lt;b&gt;" in text
    assert factors.recovery_codes_left(vera) == 0


def test_the_kept_form_with_a_right_code_is_done(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    browser = stale(browser_of, vera)
    page = browser.post(NEW_CODES, {"otp_code": code_of(vera)})
    assert page.status_code == 200
    assert factors.recovery_codes_left(vera) == 10
    assert AuditEvent.objects.filter(event="auth.stepup.completed").exists()


def test_the_kept_form_with_a_wrong_code_is_asked_again(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = stale(browser_of, vera)
    page = browser.post(
        NEW_CODES, {"reason": "because", "otp_code": wrong_code_of(vera)}
    )
    assert page.status_code == 422
    assert ("reason", "because") in page.context["kept"]
    assert "not right" in page.content.decode()
    assert AuditEvent.objects.filter(event="auth.stepup.failed").exists()


def test_a_used_code_says_to_wait_for_the_next(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    code = code_of(vera)
    stale(browser_of, vera).post("/accounts/confirm/", {"code": code})
    page = stale(browser_of, vera).post(NEW_CODES, {"otp_code": code})
    assert page.status_code == 422
    assert "Wait up to 30 seconds" in page.content.decode()
    assert factors.recovery_codes_left(vera) == 0


def test_scripts_and_htmx_get_403_with_a_code(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = stale(browser_of, vera)
    answer = browser.post(NEW_CODES, headers={"accept": "application/json"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "fresh_factor_needed"
    fragment = browser.post(NEW_CODES, headers={"hx-request": "true"})
    assert fragment.status_code == 403
    assert "<html" not in fragment.content.decode()


def test_scripts_get_422_for_a_wrong_code(
    browser_of: Callable[..., Client], vera: User
) -> None:
    answer = stale(browser_of, vera).post(
        NEW_CODES,
        {"otp_code": wrong_code_of(vera)},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "code_refused"


def test_a_page_asks_and_comes_back(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    browser = stale(browser_of, vera)
    sent_to = browser.get("/account/authenticator/").url
    assert sent_to == "/accounts/confirm/?next=%2Faccount%2Fauthenticator%2F"
    answer = browser.post(
        "/accounts/confirm/", {"next": "/account/authenticator/", "code": code_of(vera)}
    )
    assert answer.url == "/account/authenticator/"
    assert browser.get("/account/authenticator/").status_code == 200


def test_the_page_names_the_act_and_nothing_that_a_link_brings(
    clock: Clock, browser_of: Callable[..., Client], olga: User, vera: User
) -> None:
    """By a link that somebody made, too: the words are the portal's own."""
    browser = stale(browser_of, olga)
    held = browser.post("/approvals/REQ-2026-0042/approve/", {"reason": "Approve all"})
    said = re.findall(r"data-act>([^<]*)<", held.content.decode())
    assert held.status_code == 403 and said == ["Approve REQ-2026-0042"]
    for path, words in {
        "/account/authenticator/": ["Set up an authenticator app"],
        "/approvals/REQ-2026-0042/approve/?say=Win": ["Approve REQ-2026-0042"],
        "/approvals/Win a prize/approve/": ["Approve"],
        "/approvals/REQ-2026-0042%0AWin/approve/": ["Approve"],
        "/vendors/": [],
        "/Win/": [],
        "https://evil.example/approvals/REQ-2026-0042/approve/": [],
    }.items():
        page = browser.get("/accounts/confirm/", {"next": path}).content.decode()
        assert re.findall(r"data-act>([^<]*)<", page) == words, path


def test_confirming_never_leads_out_of_the_portal(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    answer = stale(browser_of, vera).post(
        "/accounts/confirm/", {"next": "https://evil.example/", "code": code_of(vera)}
    )
    assert answer.url == "/"


def test_confirming_renews_the_cookie_and_keeps_the_web_session(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    """SR 3.8; a live session hangs on the web session's key: a step-up in a second tab must
    not end it."""
    browser = stale(browser_of, vera)
    before, key = browser.session.session_key, web_session_key_of(browser)
    browser.post("/accounts/confirm/", {"code": code_of(vera)})
    assert browser.session.session_key != before
    assert web_session_key_of(browser) == key
    assert is_in_force(key)


def test_a_request_under_way_at_the_step_up_does_not_sign_out(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    """A page fetches its parts while the code is on its way: for seconds, and with no more
    rights than it had."""
    browser, under_way = stale(browser_of, vera), Client()
    under_way.cookies["portal_session"] = browser.session.session_key
    browser.post("/accounts/confirm/", {"code": code_of(vera)})
    answer = under_way.get("/account/")
    assert answer.status_code == 200 and "portal_session" not in answer.cookies
    assert under_way.post(NEW_CODES).status_code == 403
    clock.forward(seconds=11)
    assert under_way.get("/account/").status_code == 302
    assert browser.get("/account/").status_code == 200
