"""Password and second factor: the way in, and every way that is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from accessportal.accounts import factors
from accessportal.accounts.models import RecoveryCodes, User
from accessportal.audit.models import AuditEvent
from accessportal.keys import symmetric_key
from tests.accounts.steps import (
    CODE,
    SIGN_IN,
    code_of,
    is_signed_in,
    refusal,
    sign_in,
    type_code,
    type_password,
    wrong_code_of,
)
from tests.cast import PASSWORD, Clock, origin

pytestmark = pytest.mark.django_db


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("event", flat=True))


def test_vera_signs_in_with_password_and_code(client: Client, vera: User) -> None:
    answer = type_password(client, vera)
    assert answer.status_code == 302 and answer.url == CODE
    answer = type_code(client, code_of(vera))
    assert answer.status_code == 302 and answer.url == "/"
    assert is_signed_in(client)
    assert client.session["factor_kind"] == "totp"
    assert client.session["factor_at"] > 0
    assert events()[-1] == "auth.login.succeeded"


def test_the_address_may_be_typed_in_capitals(client: Client, vera: User) -> None:
    assert type_password(client, vera.email.upper()).status_code == 302


def test_a_password_alone_opens_nothing(client: Client, vera: User) -> None:
    type_password(client, vera)
    assert SESSION_KEY not in client.session
    assert client.get("/").status_code == 302
    assert not is_signed_in(client)


def test_a_code_without_a_password_leads_back_to_the_start(
    client: Client, vera: User
) -> None:
    answer = type_code(client, code_of(vera))
    assert answer.status_code == 302 and answer.url == SIGN_IN


def test_the_password_step_is_forgotten_after_ten_minutes(
    clock: Clock, client: Client, vera: User
) -> None:
    type_password(client, vera)
    clock.forward(minutes=11)
    assert type_code(client, code_of(vera)).url == SIGN_IN


def test_unknown_address_and_wrong_password_get_the_same_answer(
    client: Client, vera: User
) -> None:
    wrong = type_password(client, vera, "not the password")
    unknown = type_password(client, "nobody@example.test", "not the password")
    assert wrong.status_code == unknown.status_code == 422
    assert refusal(wrong) == refusal(unknown)
    assert events().count("auth.login.failed") == 2


def test_an_unknown_address_costs_a_password_hash_too(
    client: Client, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal work, so that the time of the answer does not tell who has an account."""
    hashed = []
    real = User.set_password
    monkeypatch.setattr(
        User, "set_password", lambda user, raw: (hashed.append(raw), real(user, raw))[1]
    )
    type_password(client, "nobody@example.test", "some password")
    assert hashed == ["some password"]


def test_what_was_typed_as_an_unknown_address_is_not_kept(
    client: Client, vera: User
) -> None:
    type_password(client, "hunter2-typed-in-the-wrong-field@example.test", "x")
    event = AuditEvent.objects.get(event="auth.login.failed")
    assert "hunter2" not in str({**event.detail, "label": event.object_label})


@pytest.mark.parametrize("address", ["known", "unknown"])
def test_five_failures_lock_out_for_a_while_known_or_not(
    clock: Clock, client: Client, vera: User, address: str
) -> None:
    email = vera.email if address == "known" else "nobody@example.test"
    for _attempt in range(4):
        assert type_password(client, email, "wrong").status_code == 422
    locked = type_password(client, email, "wrong")
    assert locked.status_code == 429
    assert "Wait 15 minutes" in refusal(locked)
    assert locked["Retry-After"] == "900"
    assert type_password(client, email, PASSWORD).status_code == 429
    assert "auth.login.locked" in events()
    clock.forward(minutes=16)
    expected = 302 if address == "known" else 422
    assert type_password(client, email, PASSWORD).status_code == expected


def test_one_person_locked_out_does_not_lock_out_another(
    client: Client, vera: User, olga: User
) -> None:
    for _attempt in range(5):
        type_password(client, vera, "wrong")
    assert type_password(client, olga).status_code == 302


def test_a_used_code_is_never_taken_again(
    clock: Clock, client: Client, vera: User
) -> None:
    code = code_of(vera)
    type_password(client, vera)
    type_code(client, code)
    thief = Client()
    type_password(thief, vera)
    answer = type_code(thief, code)
    assert answer.status_code == 422
    assert "already been used" in refusal(answer) and "Wait" in refusal(answer)
    assert not is_signed_in(thief)


def test_after_a_used_code_the_next_one_is_taken_at_once(
    clock: Clock, client: Client, vera: User
) -> None:
    """A replayed code is no guess, so it does not make Vera wait longer than her app does."""
    code = code_of(vera)
    type_password(client, vera)
    type_code(client, code)
    second = Client()
    type_password(second, vera)
    type_code(second, code)
    clock.forward(seconds=31)
    assert type_code(second, code_of(vera)).status_code == 302


def test_an_older_code_is_not_taken_after_a_newer_one(
    clock: Clock, client: Client, vera: User
) -> None:
    old = code_of(vera, steps_ahead=-1)
    sign_in(client, vera)
    other = Client()
    type_password(other, vera)
    assert type_code(other, old).status_code == 422


def test_wrong_codes_slow_down_the_next_attempt(client: Client, vera: User) -> None:
    type_password(client, vera)
    assert "not right" in refusal(type_code(client, wrong_code_of(vera)))
    answer = type_code(client, code_of(vera))
    assert answer.status_code == 422
    assert "Too many wrong codes" in refusal(answer)


def test_a_wrong_code_is_an_event(client: Client, vera: User) -> None:
    type_password(client, vera)
    type_code(client, wrong_code_of(vera))
    assert events()[-1] == "auth.login.failed"


@pytest.mark.parametrize(
    "code", ["", "abc", "12", "😀😀😀", "٣٣٣٣٣٣", "9" * 20, "\x00"]
)
def test_nonsense_for_a_code_is_refused_with_a_sentence(
    client: Client, vera: User, code: str
) -> None:
    type_password(client, vera)
    assert type_code(client, code).status_code == 422
    assert not is_signed_in(client)


def test_a_recovery_code_lets_in_once(client: Client, vera: User) -> None:
    code, another = factors.make_recovery_codes(acting_user=vera, origin=origin())[:2]
    type_password(client, vera)
    assert type_code(client, code).status_code == 302
    assert is_signed_in(client)
    assert client.session["factor_kind"] == "recovery_code"
    assert "auth.recovery.used" in events()

    again = Client()
    type_password(again, vera)
    answer = type_code(again, code)
    assert answer.status_code == 422 and "used before" in refusal(answer)
    assert factors.recovery_codes_left(vera) == 9
    assert code != another


def test_a_recovery_code_may_be_typed_loosely(client: Client, vera: User) -> None:
    code = factors.make_recovery_codes(acting_user=vera, origin=origin())[0]
    type_password(client, vera)
    loose = code.upper().replace("-", " ")
    assert client.post(CODE + "?recovery", {"code": loose}).status_code == 302


def test_recovery_codes_are_not_stored_as_they_are(vera: User) -> None:
    from django_otp.plugins.otp_static.models import StaticToken

    codes = factors.make_recovery_codes(acting_user=vera, origin=origin())
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert len(stored) == 10
    plain = [code.replace("-", "") for code in codes]
    assert not stored & set(plain)
    # Nor so that somebody who has the database alone could try codes on it.
    assert not stored & {factors.unkeyed_recovery_code(code) for code in plain}
    key_id = symmetric_key("codes")[0]
    assert stored == {factors.stored_recovery_code(code, key_id) for code in plain}


def test_a_code_of_the_time_before_the_key_works_once(
    client: Client, vera: User
) -> None:
    device = RecoveryCodes.objects.create(user=vera, name="recovery codes")
    device.token_set.create(token=factors.unkeyed_recovery_code("abcdefghjkmn"))
    type_password(client, vera)
    assert type_code(client, "abcd-efgh-jkmn").status_code == 302
    again = Client()
    type_password(again, vera)
    assert type_code(again, "abcd-efgh-jkmn").status_code == 422


def test_new_recovery_codes_end_the_old_ones(client: Client, vera: User) -> None:
    old = factors.make_recovery_codes(acting_user=vera, origin=origin())[0]
    factors.make_recovery_codes(acting_user=vera, origin=origin())
    type_password(client, vera)
    assert type_code(client, old).status_code == 422


def test_the_web_session_gets_a_new_id_at_both_steps(
    client: Client, vera: User
) -> None:
    """Session fixation: an id that somebody planted before is worth nothing afterwards."""
    client.get(SIGN_IN)
    planted = client.session.session_key
    type_password(client, vera)
    between = client.session.session_key
    type_code(client, code_of(vera))
    after = client.session.session_key
    assert len({planted, between, after}) == 3

    attacker = Client()
    for stale in (planted, between):
        if stale:
            attacker.cookies["portal_session"] = stale
            assert not is_signed_in(attacker)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
    ],
)
def test_next_never_leads_out_of_the_portal(
    client: Client, vera: User, wanted: str
) -> None:
    answer = sign_in(client, vera, next=wanted)
    assert answer.url == "/"


def test_next_leads_to_the_page_that_was_wanted(client: Client, vera: User) -> None:
    turned_away = client.get("/account/?x=1")
    assert turned_away.url == "/accounts/login/?next=%2Faccount%2F%3Fx%3D1"
    assert sign_in(client, vera, next="/account/?x=1").url == "/account/?x=1"


def test_signing_out_ends_the_web_session(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera)
    stolen = browser.session.session_key
    assert browser.post("/accounts/logout/").url == SIGN_IN
    assert events()[-1] == "auth.logout"
    thief = Client()
    thief.cookies["portal_session"] = stolen
    assert not is_signed_in(thief)


def test_signing_out_takes_a_click_not_a_link(
    browser_of: Callable[..., Client], vera: User
) -> None:
    browser = browser_of(vera)
    assert browser.get("/accounts/logout/").status_code == 405
    assert is_signed_in(browser)


def test_disabled_expired_and_suspended_people_get_the_same_answer(
    clock: Clock, client: Client, vera: User, victor: User, olga: User
) -> None:
    vera.disabled_at = clock.now
    vera.save()
    olga.expires_at = clock.now
    olga.save()
    assert victor.vendor is not None
    victor.vendor.suspended_at = clock.now
    victor.vendor.save()
    unknown = refusal(type_password(client, "nobody@example.test"))
    for person in (vera, olga, victor):
        assert refusal(type_password(client, person)) == unknown


def test_argon2_guards_the_real_settings() -> None:
    from accessportal import settings

    assert settings.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")
