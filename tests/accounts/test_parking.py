"""Technicians come five to ten times a year: an unused account is parked, and revived."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from accessportal.accounts.models import AuthenticatorApp, MailboxCode, User
from accessportal.accounts.parking import idle_days, is_parked, parked, parks_at
from accessportal.accounts.services.factor_resets import reset_second_factor
from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Endpoint
from accessportal.states import badge_of
from requests.facts import facts_of_request
from requests.feasibility import what_is_unusual
from tests.accounts.steps import (
    CODE,
    SIGN_IN,
    code_of,
    is_signed_in,
    refusal,
    sign_in,
    type_code,
    type_password,
)
from tests.cast import Clock, make_request, origin, signed_in

pytestmark = pytest.mark.django_db

MAILBOX = "/accounts/login/mailbox/"
SEND_AGAIN = "/accounts/login/mailbox/send/"

Committed = Callable[[], object]


def used(user: User, *, days_ago: float) -> User:
    at = parks_at(user) - timedelta(days=45)  # the moment of the last use as it is
    user.last_login = at - timedelta(days=days_ago)
    user.created_at = user.last_login - timedelta(days=100)
    user.save(update_fields=["last_login", "created_at"])
    return user


def code_in_the_mail() -> str:
    found = re.search(r"^\d{4} \d{4}$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found is not None
    return found.group()


def come_back(browser: Client, user: User, committed: Committed) -> None:
    """Password, own factor, and the page that asks for the mailbox's code."""
    with committed():  # type: ignore[attr-defined]
        answer = sign_in(browser, user)
        assert answer.url == MAILBOX
        assert browser.get(MAILBOX).status_code == 200


@pytest.fixture
def parked_vera(clock: Clock, vera: User) -> User:
    return used(vera, days_ago=61)


def test_an_account_parks_by_the_clock_alone(clock: Clock, vera: User) -> None:
    used(vera, days_ago=44.9)
    assert not is_parked(vera) and not parked(User.objects.all()).exists()
    clock.forward(hours=3)
    assert is_parked(vera) and parked(User.objects.all()).get() == vera
    assert str(badge_of(vera).words) == "Parked"


def test_a_parked_technician_proves_password_factor_and_mailbox(
    client: Client, parked_vera: User, committed: Committed
) -> None:
    come_back(client, parked_vera, committed)
    assert not is_signed_in(client)
    assert mail.outbox[-1].to == [parked_vera.email]

    answer = client.post(MAILBOX, {"code": code_in_the_mail()})
    assert answer.url == "/" and is_signed_in(client)
    parked_vera.refresh_from_db()
    assert parked_vera.revived_after_days == 61 and not is_parked(parked_vera)
    event = AuditEvent.objects.get(event="account.revived")
    assert event.detail["idle_days"] == 61 and event.detail["by"] == "mailbox"
    assert AuditEvent.objects.filter(event="auth.login.succeeded").count() == 1


def test_people_of_the_plant_park_too(
    clock: Clock, client: Client, olga: User, committed: Committed
) -> None:
    come_back(client, used(olga, days_ago=50), committed)
    assert (
        client.post(MAILBOX, {"code": code_in_the_mail()}, follow=True).status_code
        == 200
    )
    assert is_signed_in(client)


def test_the_factor_is_as_old_as_its_use_not_as_the_mail(
    clock: Clock, client: Client, parked_vera: User, committed: Committed
) -> None:
    come_back(client, parked_vera, committed)
    clock.forward(minutes=11)  # longer than a begun sign-in may take otherwise
    assert client.post(MAILBOX, {"code": code_in_the_mail()}).url == "/"
    assert client.session["factor_at"] < clock.now.timestamp() - 600


def test_next_time_the_password_and_the_factor_are_enough(
    clock: Clock, client: Client, parked_vera: User, committed: Committed
) -> None:
    come_back(client, parked_vera, committed)
    client.post(MAILBOX, {"code": code_in_the_mail()})
    clock.forward(days=3)
    assert sign_in(Client(), parked_vera).url == "/"


def test_a_code_works_once_and_only_in_its_browser(
    client: Client, parked_vera: User, committed: Committed, clock: Clock
) -> None:
    come_back(client, parked_vera, committed)
    code = code_in_the_mail()
    elsewhere = Client()
    clock.forward(minutes=2)
    come_back(elsewhere, parked_vera, committed)
    answer = elsewhere.post(MAILBOX, {"code": code})
    assert answer.status_code == 422 and "not right" in refusal(answer)
    assert not is_signed_in(elsewhere)
    assert client.post(MAILBOX, {"code": code}).url == "/"
    assert MailboxCode.objects.filter(used_at__isnull=False).count() == 1


def test_a_code_expires_is_replaced_and_is_not_guessed(
    clock: Clock, client: Client, parked_vera: User, committed: Committed
) -> None:
    come_back(client, parked_vera, committed)
    first = code_in_the_mail()
    wrong = "0000 0000" if first != "0000 0000" else "1111 1111"
    clock.forward(minutes=2)
    with committed():  # type: ignore[attr-defined]
        client.post(SEND_AGAIN)
    second = code_in_the_mail()
    assert client.post(MAILBOX, {"code": first}).status_code == 422
    for _guess in range(4):
        assert client.post(MAILBOX, {"code": wrong}).status_code == 422
    answer = client.post(MAILBOX, {"code": second})
    assert answer.status_code == 422 and "guessed at too often" in refusal(answer)

    clock.forward(minutes=2)
    with committed():  # type: ignore[attr-defined]
        client.post(SEND_AGAIN)
    third = code_in_the_mail()
    clock.forward(minutes=16)
    answer = client.post(MAILBOX, {"code": third})
    assert answer.status_code == 422 and not is_signed_in(client)
    failed = AuditEvent.objects.filter(event="auth.login.failed")
    assert {event.detail["factor_kind"] for event in failed} == {"mailbox"}


def test_codes_are_not_sent_as_often_as_somebody_likes(
    clock: Clock, client: Client, parked_vera: User, committed: Committed
) -> None:
    come_back(client, parked_vera, committed)
    for _again in range(3):
        with committed():  # type: ignore[attr-defined]
            client.post(SEND_AGAIN)
    assert len(mail.outbox) == 1  # one each minute
    for _again in range(6):
        clock.forward(minutes=2)
        with committed():  # type: ignore[attr-defined]
            client.post(SEND_AGAIN)
    assert len(mail.outbox) == 5  # five in an hour
    assert "can be sent in" in client.get(MAILBOX).content.decode()


def test_another_address_makes_the_code_worthless(
    client: Client, parked_vera: User, committed: Committed
) -> None:
    come_back(client, parked_vera, committed)
    User.objects.filter(pk=parked_vera.pk).update(email="vera.new@example.test")
    assert client.post(MAILBOX, {"code": code_in_the_mail()}).status_code == 422


def test_the_mailbox_alone_or_the_password_alone_opens_nothing(
    client: Client, parked_vera: User
) -> None:
    assert client.get(MAILBOX).url == SIGN_IN
    type_password(client, parked_vera)
    assert client.get(MAILBOX).url == CODE
    assert client.post(SEND_AGAIN).url == CODE
    assert mail.outbox == [] and MailboxCode.objects.count() == 0


def test_whoever_was_disabled_meanwhile_is_not_let_in(
    clock: Clock, client: Client, parked_vera: User, committed: Committed
) -> None:
    come_back(client, parked_vera, committed)
    User.objects.filter(pk=parked_vera.pk).update(disabled_at=clock.now)
    assert client.post(MAILBOX, {"code": code_in_the_mail()}).url == SIGN_IN


def test_without_a_factor_the_mailbox_comes_before_the_new_one(
    client: Client, ivan: User, parked_vera: User, committed: Committed
) -> None:
    """Whoever knows only the password of a parked account sets up no factor of their own."""
    reset_second_factor(
        acting_user=ivan, person=parked_vera, reason="lost", origin=origin()
    )
    with committed():  # type: ignore[attr-defined]
        assert type_password(client, parked_vera).url == MAILBOX
        assert client.get("/accounts/enrol/").url == MAILBOX
        client.get(MAILBOX)
    assert not AuthenticatorApp.objects.filter(user=parked_vera).exists()
    assert client.post(MAILBOX, {"code": code_in_the_mail()}).url == "/accounts/enrol/"
    assert client.get("/accounts/enrol/").status_code == 200
    client.post("/accounts/enrol/", {"code": code_of(parked_vera, confirmed=False)})
    assert is_signed_in(client)


def test_the_approver_is_told_of_the_first_use_in_a_long_time(
    clock: Clock,
    client: Client,
    parked_vera: User,
    tom: User,
    olga: User,
    filling_hmi: Endpoint,
    committed: Committed,
) -> None:
    used(tom, days_ago=70)
    come_back(client, parked_vera, committed)
    client.post(MAILBOX, {"code": code_in_the_mail()})
    parked_vera.refresh_from_db()
    access_request = make_request(parked_vera, filling_hmi, companions=[tom])

    def said() -> dict[str, str]:
        facts = facts_of_request(access_request, viewer=olga)
        return {one.code: one.sentence for one in what_is_unusual(facts)}

    assert said()["first_use_in_long"].startswith("First use in 61 days: the account")
    assert said()["companion_parked"].startswith("Tom Thoma has not used the account")
    page = signed_in(Client(), olga).get(f"/approvals/{access_request.number}/")
    assert "First use in 61 days" in page.content.decode()
    clock.forward(days=15)
    assert "first_use_in_long" not in said()


def test_who_signs_in_is_told_of_the_last_use(clock: Clock, vera: User) -> None:
    sign_in(Client(), vera)
    clock.forward(days=2)
    type_password(Client(), vera, "not the password")
    clock.forward(minutes=1)
    browser = Client()
    sign_in(browser, vera)
    page = browser.get("/account/").content.decode()
    assert "10 Mar" in page and "127.0.0.1" in page
    assert "1 failed attempt" in page
    assert "last used" in browser.get("/").content.decode()


def test_the_server_helps_when_the_mailbox_cannot_be_reached(
    clock: Clock, client: Client, parked_vera: User
) -> None:
    call_command(
        "revive_person", email=parked_vera.email, reason="mail is down", verbosity=0
    )
    event = AuditEvent.objects.get(event="account.revived")
    assert event.reason == "mail is down" and event.detail["by"] == "server"
    assert sign_in(client, parked_vera).url == "/"
    with pytest.raises(CommandError):
        call_command("revive_person", email=parked_vera.email, reason="again")


def test_days_are_counted_from_the_last_use(clock: Clock, vera: User) -> None:
    assert idle_days(used(vera, days_ago=61)) == 61
    assert type_code(Client(), code_of(vera)).url == SIGN_IN
