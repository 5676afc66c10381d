"""A shared computer leaves nothing behind; other computers are asked nothing more."""

from __future__ import annotations

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from accessportal.accounts.models import User, WebSession
from accessportal.accounts.web_sessions import keep_awake
from tests.accounts.authenticator import passkey_for, passkey_sign_in
from tests.accounts.steps import CODE, SIGN_IN, code_of, is_signed_in, sign_in
from tests.cast import Clock, web_session_key_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(clock: Clock, client: Client, vera: User) -> Client:
    """Vera has signed in and said that others use this computer too."""
    client.cookies["portal_language"] = "de"
    client.cookies["portal_theme"] = "dark"
    assert sign_in(client, vera, shared="on").url == "/"
    return client


def test_the_cookie_goes_with_the_browser_and_no_page_is_kept(shared: Client) -> None:
    cookie = shared.cookies["portal_session"]
    assert cookie["max-age"] == "" and cookie["expires"] == ""
    answer = shared.get("/account/")
    assert answer["Cache-Control"] == "no-store"
    assert 'data-shared-idle="900"' in answer.content.decode()


def test_signing_out_takes_along_what_the_browser_knew(shared: Client) -> None:
    answer = shared.post("/accounts/logout/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert answer["Cache-Control"] == "no-store"
    for name in ("portal_language", "portal_theme"):
        assert answer.cookies[name].value == ""
    assert SESSION_KEY not in shared.session


def test_another_computer_lasts_longer_and_keeps_only_its_cache(
    client: Client, vera: User
) -> None:
    sign_in(client, vera)
    assert client.cookies["portal_session"]["max-age"] != ""
    page = client.get("/account/")
    assert "data-shared-idle" not in page.content.decode()
    answer = client.post("/accounts/logout/")
    assert answer["Clear-Site-Data"] == '"storage"'
    assert answer.cookies["portal_session"].value == ""
    assert answer.url == SIGN_IN and "Clear-Site-Data" not in client.get(SIGN_IN)


def test_unused_it_signs_out_by_itself(clock: Clock, shared: Client) -> None:
    clock.forward(minutes=14)
    assert is_signed_in(shared)
    clock.forward(minutes=14)
    assert is_signed_in(shared)
    clock.forward(minutes=16)
    answer = shared.get("/account/")
    # The cookie stays: the sign-in page says by it why.
    assert answer.url.startswith(SIGN_IN)
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert "nobody used this shared computer" in shared.get(SIGN_IN).content.decode()


def test_a_page_that_looks_again_by_itself_is_nobody(
    clock: Clock, shared: Client
) -> None:
    clock.forward(minutes=10)
    shared.get("/", headers={"X-Portal-News": "1"})
    clock.forward(minutes=6)
    assert not is_signed_in(shared)


def test_whoever_works_on_a_machine_is_not_away(clock: Clock, shared: Client) -> None:
    key = web_session_key_of(shared)
    for _quarter in range(4):
        clock.forward(minutes=10)
        keep_awake([key])
    assert is_signed_in(shared)


def test_not_you_signs_out_and_leads_back(shared: Client) -> None:
    answer = shared.post("/accounts/not-you/", {"next": "/windows/"})
    assert answer.url == f"{SIGN_IN}?next=%2Fwindows%2F"
    assert not is_signed_in(shared)


def test_a_wrong_code_forgets_nothing_of_it(clock: Clock, vera: User) -> None:
    browser = Client()
    browser.post(SIGN_IN, {"email": vera.email, "password": "wrong", "shared": "on"})
    page = browser.get(SIGN_IN).content.decode()
    assert "This is a shared computer" in page
    sign_in(browser, vera, shared="on")
    assert browser.session["shared_computer"] and browser.post(CODE).status_code == 302
    assert code_of(vera)


def test_the_box_is_there_for_a_passkey_too(client: Client, vera: User) -> None:
    authenticator = passkey_for(vera)
    page = client.get(SIGN_IN).content.decode()
    assert page.count("data-takes-shared") == 1 and 'form="by-password"' in page
    assert passkey_sign_in(client, authenticator, shared="on").url == "/"
    assert is_signed_in(client) and client.session["shared_computer"]
    assert WebSession.objects.get(user=vera).shared
