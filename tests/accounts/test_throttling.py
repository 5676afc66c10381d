"""How often a password may be tried: per account, per account and address, never per address."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accessportal.accounts.models import SignInFailures, User
from tests.accounts.authenticator import passkey_for, passkey_sign_in
from tests.accounts.steps import is_signed_in, refusal, type_password
from tests.cast import PASSWORD, Clock, Plant
from tests.session_flow.test_departures import live_session_of

pytestmark = pytest.mark.django_db

ACCOUNTS = ["vera.vogt@example.test", "nobody@example.test"]


def from_address(number: int) -> Client:
    return Client(REMOTE_ADDR=f"203.0.113.{number}")


def fail_from_anywhere(account: str, times: int) -> None:
    """Wrong passwords, four from each address, so that no address alone is locked."""
    for attempt in range(times):
        type_password(from_address(attempt // 4), account, "wrong")


@pytest.mark.parametrize("account", ACCOUNTS)
def test_from_the_tenth_failure_on_an_account_waits_longer_and_longer(
    clock: Clock, vera: User, account: str
) -> None:
    fail_from_anywhere(account, 9)
    assert type_password(from_address(9), account, "wrong").status_code == 429
    waits = []
    for _attempt in range(7):
        locked = type_password(from_address(10), account, PASSWORD)
        waits.append(int(locked["Retry-After"]))
        clock.forward(seconds=waits[-1])
        address = 20 + len(waits)
        assert type_password(from_address(address), account, "wrong").status_code == 429
    assert waits == pytest.approx([30, 60, 120, 240, 480, 900, 900], abs=5)


def test_an_attempt_that_comes_too_early_makes_nothing_worse(
    clock: Clock, vera: User
) -> None:
    fail_from_anywhere(vera.email, 10)
    for _attempt in range(20):
        assert type_password(from_address(99), vera).status_code == 429
    clock.forward(seconds=31)
    assert type_password(from_address(99), vera).status_code == 302


def test_somebody_far_away_does_not_lock_out_whoever_is_known_here(
    clock: Clock, browser_of: Callable[..., Client], vera: User
) -> None:
    assert vera.web_sessions.count() == 0
    browser_of(vera)
    vera.web_sessions.update(address="198.51.100.7")
    fail_from_anywhere(vera.email, 12)
    assert type_password(from_address(99), vera).status_code == 429
    at_home = Client(REMOTE_ADDR="198.51.100.7")
    assert type_password(at_home, vera).status_code == 302


def test_one_address_of_many_people_is_never_locked(
    vera: User, victor: User, olga: User
) -> None:
    """A vendor's people come from one network address."""
    together = from_address(1)
    for person in (vera, victor):
        for _attempt in range(6):
            type_password(together, person, "wrong")
    assert type_password(together, olga).status_code == 302


def test_a_lock_out_touches_nobody_who_is_signed_in(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    """Somebody tries Olga's password and codes, from her own address as well: she ends a
    session all the same."""
    live = live_session_of(plant)
    browser = browser_of(plant.olga)
    address = plant.olga.web_sessions.get().address
    fail_from_anywhere(plant.olga.email, 12)
    for _attempt in range(6):
        type_password(Client(REMOTE_ADDR=address), plant.olga, "wrong")
        browser.post("/accounts/confirm/", {"code": "000000"})
    locked = type_password(Client(REMOTE_ADDR=address), plant.olga)
    assert locked.status_code == 429 and is_signed_in(browser)

    answer = browser.post(f"/sessions/{live.pk}/end/", {"reason": "Stand clear"})
    assert answer.status_code in (200, 302)
    live.refresh_from_db()
    assert live.end_requested_by == plant.olga


def test_a_passkey_signs_in_while_the_password_is_locked(
    client: Client, vera: User
) -> None:
    authenticator = passkey_for(vera)
    fail_from_anywhere(vera.email, 12)
    assert passkey_sign_in(client, authenticator).url == "/"


def test_a_success_forgets_the_persons_own_typing_and_not_the_strangers(
    clock: Clock, vera: User
) -> None:
    fail_from_anywhere(vera.email, 8)
    at_home = from_address(77)
    type_password(at_home, vera, "wrong")
    assert type_password(at_home, vera).status_code == 302
    assert SignInFailures.objects.get(address="").count == 8


@pytest.mark.parametrize("account", ACCOUNTS)
def test_known_and_unknown_accounts_cost_the_same_hashes(
    monkeypatch: pytest.MonkeyPatch, vera: User, account: str
) -> None:
    """The time of an answer must not tell who has an account: the work is counted."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed = []
    real = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        lambda self, password, salt: (
            hashed.append(password),
            real(self, password, salt),
        )[1],
    )
    answers = [type_password(from_address(1), account, "wrong") for _try in range(6)]
    assert len(hashed) == 5  # the sixth was locked, and not even looked at
    assert [answer.status_code for answer in answers] == [422] * 4 + [429] * 2
    assert refusal(answers[-1]).startswith("Too many attempts with this address.")


def test_what_was_typed_as_an_account_is_not_kept(client: Client, vera: User) -> None:
    type_password(client, "hunter2-in-the-wrong-field@example.test", "wrong")
    assert all(
        "hunter2" not in row.account_hash for row in SignInFailures.objects.all()
    )
    assert SignInFailures.objects.count() == 2
