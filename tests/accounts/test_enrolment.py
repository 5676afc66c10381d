"""The first sign-in: a second factor is set up before anything else opens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accessportal.accounts import factors
from accessportal.accounts.models import AuthenticatorApp, User
from accessportal.audit.models import AuditEvent
from tests.accounts.steps import (
    CODE,
    code_now,
    code_of,
    is_signed_in,
    refusal,
    type_code,
    type_password,
    wrong_code_of,
)
from tests.cast import Clock

pytestmark = pytest.mark.django_db

ENROL = "/accounts/enrol/"


@pytest.fixture
def newcomer(vera: User) -> User:
    """Vera before her second factor."""
    AuthenticatorApp.objects.filter(user=vera).delete()
    return vera


def test_without_a_factor_the_password_leads_to_the_set_up_only(
    client: Client, newcomer: User
) -> None:
    assert type_password(client, newcomer).url == ENROL
    assert client.get(CODE).url == ENROL
    assert client.get("/").status_code == 302
    page = client.get(ENROL).content.decode()
    assert "<svg" in page
    assert factors.manual_secret(AuthenticatorApp.objects.get(user=newcomer)) in page


def test_a_reload_shows_the_same_secret(client: Client, newcomer: User) -> None:
    type_password(client, newcomer)
    client.get(ENROL)
    client.get(ENROL)
    assert AuthenticatorApp.objects.filter(user=newcomer).count() == 1


def test_another_browser_never_sees_the_secret_that_is_confirmed_later(
    client: Client, newcomer: User
) -> None:
    """Somebody with a stolen password looks first, and learns nothing of use."""
    thief = Client()
    type_password(thief, newcomer)
    thief.get(ENROL)
    seen = AuthenticatorApp.objects.get(user=newcomer)
    type_password(client, newcomer)
    client.get(ENROL)
    own = AuthenticatorApp.objects.exclude(pk=seen.pk).get(user=newcomer)
    assert own.bin_key != seen.bin_key
    # The code of the other browser's secret confirms nothing here.
    assert client.post(ENROL, {"code": code_now(seen)}).status_code == 422
    AuthenticatorApp.objects.filter(pk=own.pk).update(throttling_failure_count=0)
    assert client.post(ENROL, {"code": code_now(own)}).status_code == 200
    assert list(AuthenticatorApp.objects.filter(user=newcomer)) == [own]
    assert thief.post(ENROL, {"code": code_now(seen)}).url == CODE


def test_the_first_code_confirms_and_shows_recovery_codes_once(
    client: Client, newcomer: User
) -> None:
    type_password(client, newcomer)
    client.get(ENROL)
    page = client.post(ENROL, {"code": code_of(newcomer, confirmed=False)})
    assert page.status_code == 200
    text = page.content.decode()
    assert text.count("<li>") >= 10 and "Keep these recovery codes" in text
    assert is_signed_in(client)
    assert factors.recovery_codes_left(newcomer) == 10
    newcomer.refresh_from_db()
    assert newcomer.factors_confirmed_at is not None
    assert client.get(ENROL).url == "/"
    names = set(AuditEvent.objects.values_list("event", flat=True))
    assert {
        "auth.mfa.enrolled",
        "auth.recovery.renewed",
        "auth.login.succeeded",
    } <= names


def test_a_wrong_first_code_changes_nothing(client: Client, newcomer: User) -> None:
    type_password(client, newcomer)
    client.get(ENROL)
    answer = client.post(ENROL, {"code": wrong_code_of(newcomer, confirmed=False)})
    assert answer.status_code == 422 and "not right" in refusal(answer)
    assert not is_signed_in(client)
    assert not factors.has_factor(newcomer)


def test_the_code_that_confirmed_does_not_also_sign_in_elsewhere(
    clock: Clock, client: Client, newcomer: User
) -> None:
    type_password(client, newcomer)
    client.get(ENROL)
    code = code_of(newcomer, confirmed=False)
    client.post(ENROL, {"code": code})
    thief = Client()
    type_password(thief, newcomer)
    assert "already been used" in refusal(type_code(thief, code))


def test_somebody_with_a_factor_cannot_enrol_another_by_password_alone(
    client: Client, vera: User
) -> None:
    """A stolen password must not be able to bring its own phone."""
    type_password(client, vera)
    assert client.get(ENROL).url == CODE
    answer = client.post(ENROL, {"code": "123456"})
    assert answer.url == CODE


def test_enrolment_without_a_password_leads_to_the_start(
    client: Client, newcomer: User
) -> None:
    assert client.get(ENROL).url == "/accounts/login/"


def test_changing_the_phone_keeps_the_old_one_until_the_new_has_proven_itself(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera)
    old = factors.totp_device_of(vera)
    browser.get("/account/authenticator/")
    assert factors.totp_device_of(vera) == old
    answer = browser.post(
        "/account/authenticator/", {"code": code_of(vera, confirmed=False)}
    )
    assert answer.url == "/account/"
    assert factors.totp_device_of(vera) != old
    assert AuthenticatorApp.objects.filter(user=vera).count() == 1
    assert is_signed_in(browser)


def test_changing_the_phone_asks_for_a_fresh_factor(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera, factor_age=301)
    assert browser.get("/account/authenticator/").url.startswith("/accounts/confirm/")
    assert not AuthenticatorApp.objects.filter(user=vera, confirmed=False).exists()


def test_a_factor_taken_away_ends_the_web_session(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera)
    assert is_signed_in(browser)
    AuthenticatorApp.objects.filter(user=vera).delete()
    assert not is_signed_in(browser)
