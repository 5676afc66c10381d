"""Passkeys: set up, used alone and as second factor, for a step-up; refused; removed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accessportal.accounts.factors import has_passkey, make_recovery_codes
from accessportal.accounts.models import Passkey, User, WebSession
from accessportal.audit.models import AuditEvent
from tests.accounts.authenticator import (
    Authenticator,
    challenge_for,
    passkey_for,
    passkey_sign_in,
)
from tests.accounts.steps import (
    CODE,
    SIGN_IN,
    code_of,
    is_signed_in,
    refusal,
    type_code,
    type_password,
)
from tests.cast import Clock, origin, web_session_key_of

pytestmark = pytest.mark.django_db

NEW = "/account/passkeys/new/"
NEW_CODES = "/account/recovery-codes/"


def set_up(
    browser: Client, authenticator: Authenticator, name: str = "My phone"
) -> Any:
    options = browser.get(NEW).context["options"]
    return browser.post(NEW, {"name": name, "answer": authenticator.make(options)})


# --- Setting up ---------------------------------------------------------------------


def test_a_passkey_is_set_up_with_the_factor_one_has_and_the_person_is_told(
    browser_of: Callable[..., Client], vera: User
) -> None:
    assert set_up(browser_of(vera), Authenticator()).url == "/account/"
    passkey = Passkey.objects.get(user=vera)
    assert passkey.name == "My phone"
    event = AuditEvent.objects.get(event="auth.mfa.enrolled")
    assert event.detail["factor_kind"] == "passkey"
    assert event.detail["phishing_resistant"] is True
    assert vera.notifications.get().kind == "account.factor_added"


def test_news_that_come_meanwhile_leave_the_challenge_as_it_is(
    browser_of: Callable[..., Client], vera: User
) -> None:
    """The parts of every page that look again do not ask for this page a second time."""
    browser, authenticator = browser_of(vera), Authenticator()
    page = browser.get(NEW)
    live = re.findall(r'data-live="[^"]+" hx-get="([^"]+)"', page.content.decode())
    assert len(live) == 2  # what is stopped, and who has an override
    for path in live:
        heard = {"HX-Request": "true", "X-Portal-News": "1"}
        assert browser.get(path, headers=heard).status_code == 200
    answer = authenticator.make(page.context["options"])
    assert browser.post(NEW, {"name": "My phone", "answer": answer}).url == "/account/"
    assert has_passkey(vera)


def test_setting_one_up_asks_for_a_fresh_factor(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera, factor_age=301)
    assert browser.get(NEW).url.startswith("/accounts/confirm/")
    assert browser.post(NEW, {"name": "x", "answer": "{}"}).status_code == 403
    assert not has_passkey(vera)


@pytest.mark.parametrize(
    "made_by",
    [
        Authenticator(verifies=False),
        Authenticator(origin="https://portal.evil.example"),
    ],
    ids=["without PIN or finger", "on another page"],
)
def test_a_passkey_that_proves_too_little_is_not_taken(
    browser_of: Callable[..., Client], vera: User, made_by: Authenticator
) -> None:
    page = set_up(browser_of(vera), made_by)
    assert page.status_code == 422 and "not accepted" in refusal(page)
    assert not has_passkey(vera)


def test_nonsense_for_a_passkey_is_refused_with_a_sentence(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera)
    for answer in ("{}", "x", "[]", '{"id":1}', "null", "9" * 30):
        browser.get(NEW)
        assert browser.post(NEW, {"name": "x", "answer": answer}).status_code == 422
        challenge_for(browser)
        assert passkey_sign_in_with(Client(), answer).status_code == 422


def passkey_sign_in_with(client: Client, answer: str) -> Any:
    challenge_for(client)
    return client.post("/accounts/login/passkey/", {"passkey": answer})


def test_a_challenge_is_good_for_one_answer_and_five_minutes(
    clock: Clock, client: Client, vera: User
) -> None:
    authenticator = passkey_for(vera)
    answer = authenticator.sign(challenge_for(client))
    assert client.post("/accounts/login/passkey/", {"passkey": answer}).url == "/"
    replayed = Client()
    challenge_for(replayed)
    assert (
        replayed.post("/accounts/login/passkey/", {"passkey": answer}).status_code
        == 422
    )
    late = Client()
    answer = authenticator.sign(challenge_for(late))
    clock.forward(seconds=301)
    page = late.post("/accounts/login/passkey/", {"passkey": answer})
    assert page.status_code == 422 and "too long" in refusal(page)


# --- Signing in ---------------------------------------------------------------------


def test_a_passkey_alone_signs_in(client: Client, vera: User) -> None:
    answer = passkey_sign_in(client, passkey_for(vera), next="/account/?x=1")
    assert answer.url == "/account/?x=1"
    assert is_signed_in(client)
    event = AuditEvent.objects.get(event="auth.login.succeeded")
    assert event.detail["first_step"] == event.detail["factor_kind"] == "passkey"
    assert WebSession.objects.get(user=vera).factor_kind == "passkey"


def test_a_passkey_comes_after_the_password_too(client: Client, vera: User) -> None:
    authenticator = passkey_for(vera)
    assert type_password(client, vera).url == CODE
    asked = challenge_for(client)
    assert [one["id"] for one in asked["allowCredentials"]] == [
        authenticator.credential_id
    ]
    assert client.post(CODE, {"passkey": authenticator.sign(asked)}).url == "/"
    assert is_signed_in(client)


def test_the_challenge_tells_nobody_who_has_a_passkey(
    client: Client, vera: User
) -> None:
    passkey_for(vera)
    assert challenge_for(client)["allowCredentials"] == []


def test_somebody_elses_passkey_is_no_second_factor(
    client: Client, vera: User, victor: User
) -> None:
    passkey_for(vera)
    other = passkey_for(victor)
    type_password(client, vera)
    page = client.post(CODE, {"passkey": other.sign(challenge_for(client))})
    assert page.status_code == 422
    assert not is_signed_in(client)


@pytest.mark.parametrize("how", ["disabled", "vendor suspended"])
def test_whose_access_ended_is_not_let_in_by_a_passkey(
    clock: Clock, client: Client, vera: User, how: str
) -> None:
    authenticator = passkey_for(vera)
    if how == "disabled":
        vera.disabled_at = clock.now
        vera.save()
    else:
        assert vera.vendor is not None
        vera.vendor.suspended_at = clock.now
        vera.vendor.save()
    assert passkey_sign_in(client, authenticator).status_code == 422
    assert not is_signed_in(client)


def test_a_copied_passkey_is_taken_out_of_use(client: Client, vera: User) -> None:
    """WebAuthn 6.1.1: a count that does not rise means a second key like it."""
    authenticator = passkey_for(vera)
    authenticator.count = 7
    assert passkey_sign_in(client, authenticator).url == "/"
    authenticator.count = 3
    page = passkey_sign_in(Client(), authenticator)
    assert page.status_code == 422 and "copied" in refusal(page)
    authenticator.count = 50
    assert passkey_sign_in(Client(), authenticator).status_code == 422
    assert AuditEvent.objects.filter(event="auth.mfa.distrusted").count() == 1
    assert vera.notifications.filter(kind="account.passkey_copied").exists()


def test_a_passkey_that_does_not_count_is_used_again_and_again(
    client: Client, vera: User
) -> None:
    """Those that a phone copies to the person's other devices always say 0."""
    authenticator = passkey_for(vera)
    for _use in range(2):
        authenticator.count = -1
        assert passkey_sign_in(Client(), authenticator).url == "/"


def test_the_first_factor_may_be_a_passkey(client: Client, vera: User) -> None:
    from accessportal.accounts.models import AuthenticatorApp

    AuthenticatorApp.objects.filter(user=vera).delete()
    type_password(client, vera)
    way = "/accounts/enrol/passkey/"
    options = client.get(way).context["options"]
    page = client.post(way, {"name": "Phone", "answer": Authenticator().make(options)})
    assert "Keep these recovery codes" in page.content.decode()
    assert is_signed_in(client)
    assert client.get("/accounts/enrol/").url == "/"


def test_a_stolen_password_brings_no_passkey_of_its_own(
    client: Client, vera: User
) -> None:
    type_password(client, vera)
    assert client.get("/accounts/enrol/passkey/").url == CODE
    assert client.get(NEW).url.startswith(SIGN_IN)


# --- Step-up ------------------------------------------------------------------------


def test_one_tap_confirms_an_act(browser_of: Callable[..., Client], vera: User) -> None:
    authenticator = passkey_for(vera)
    browser = browser_of(vera, factor_age=301)
    before = browser.session.session_key
    page = browser.post(
        NEW_CODES, {"passkey": authenticator.sign(challenge_for(browser))}
    )
    assert (
        page.status_code == 200 and "Keep these recovery codes" in page.content.decode()
    )
    assert browser.session.session_key != before
    assert browser.session["factor_kind"] == "passkey"


def test_the_page_that_asks_offers_the_passkey_first(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera, factor_age=301)
    assert "data-passkey=" not in browser.post(NEW_CODES).content.decode()
    passkey_for(vera)
    asking = browser.post(NEW_CODES, {"reason": "kept"}).content.decode()
    assert "data-passkey=" in asking and 'name="otp_code"' in asking
    assert 'value="kept"' in asking


# --- Removing -----------------------------------------------------------------------


def remove(browser: Client, user: User, name: str = "Phone", **data: Any) -> Any:
    passkey = Passkey.objects.get(user=user, name=name)
    return browser.post(f"/account/passkeys/{passkey.pk}/remove/", data)


def test_a_passkey_is_removed_with_another_factor(
    browser_of: Callable[..., Client], client: Client, vera: User
) -> None:
    authenticator = passkey_for(vera)
    passkey_sign_in(client, authenticator)
    here = browser_of(vera)
    here.post("/accounts/confirm/", {"code": code_of(vera)})
    assert remove(here, vera).url == "/account/"
    assert not has_passkey(vera)
    assert is_signed_in(here) and not is_signed_in(client)
    event = AuditEvent.objects.get(event="auth.mfa.removed")
    assert event.detail["web_sessions_ended"] == 1
    assert vera.notifications.filter(kind="account.factor_removed").exists()
    assert passkey_sign_in(Client(), authenticator).status_code == 422


def test_the_factor_that_goes_does_not_say_that_it_may(
    client: Client, vera: User
) -> None:
    passkey_sign_in(client, passkey_for(vera))
    page = remove(client, vera)
    assert page.status_code == 403 and "another factor" in page.content.decode()
    assert has_passkey(vera)
    # The page holds the form; a code of the app says yes.
    assert remove(client, vera, otp_code=code_of(vera)).url == "/account/"
    assert is_signed_in(client)


def test_a_recovery_code_says_that_a_lost_passkey_may_go(
    client: Client, vera: User
) -> None:
    passkey_for(vera, "Lost")
    code = make_recovery_codes(acting_user=vera, origin=origin())[0]
    type_password(client, vera)
    type_code(client, code)
    assert remove(client, vera, "Lost").url == "/account/"


def test_the_only_factor_stays(client: Client, vera: User) -> None:
    from accessportal.accounts.models import AuthenticatorApp

    authenticator = passkey_for(vera)
    AuthenticatorApp.objects.filter(user=vera).delete()
    passkey_sign_in(client, authenticator)
    page = remove(client, vera)
    assert page.status_code == 422 and "only second factor" in page.content.decode()
    assert has_passkey(vera)


def test_the_app_is_removed_where_a_passkey_is_left(client: Client, vera: User) -> None:
    passkey_sign_in(client, passkey_for(vera))
    key = web_session_key_of(client)
    assert client.post("/account/authenticator/remove/").url == "/account/"
    assert is_signed_in(client) and web_session_key_of(client) == key
    fresh = Client()
    type_password(fresh, vera)
    page = fresh.get(CODE).content.decode()
    assert "Use my passkey" in page and 'name="code"' not in page


def test_what_the_browser_is_asked_requires_a_pin_or_finger(client: Client) -> None:
    assert challenge_for(client)["userVerification"] == "required"
