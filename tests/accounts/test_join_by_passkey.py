"""Joining with a passkey and no password; and what becomes of it when the passkey is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accessportal.accounts.factors import recovery_codes_left
from accessportal.accounts.models import Passkey, User, Vendor
from accessportal.accounts.services.invitations import invite_person
from accessportal.accounts.services.vendor_people import confirm_person
from accessportal.audit.models import AuditEvent
from tests.accounts.authenticator import Authenticator, passkey_sign_in
from tests.accounts.steps import (
    CODE,
    code_of,
    is_signed_in,
    refusal,
    type_code,
    type_password,
)
from tests.accounts.test_forgotten_password import asks, chooses
from tests.accounts.test_forgotten_password import link_in_the_mail as way_back
from tests.accounts.test_invitation import NINA, answers
from tests.accounts.test_renewal import (
    ENROL,
    MAILBOX,
    code_in_the_mail,
    reset_by_two,
    set_up,
)
from tests.cast import Clock, origin

pytestmark = pytest.mark.django_db

Committed = Callable[[], AbstractContextManager[None]]

OPTIONS = b"data-passkey-options"


@pytest.fixture
def link(committed: Committed, olga: User, fillwerk: Vendor) -> str:
    """Olga has invited Nina of Fillwerk."""
    fillwerk.sponsor = olga
    fillwerk.save()
    with committed():
        invite_person(
            acting_user=olga,
            vendor=fillwerk,
            email=NINA,
            full_name="Nina Neu",
            language="en",
            origin=origin(),
        )
    found = re.search(r"/accounts/invitation/[\w-]+/", str(mail.outbox[-1].body))
    assert found is not None
    return found[0]


def by_passkey(**changed: Any) -> dict[str, Any]:
    fields = {"way": "passkey", "new_password": "", "repeated": "", "language": "en"}
    return answers(**fields | changed)


def joins(client: Client, link: str, phone: Authenticator, **changed: Any) -> Any:
    typed = by_passkey(**changed)
    page = client.post(link, typed)
    proof = {
        "passkey-name": "Work phone",
        "passkey-answer": phone.make(page.context["options"]),
    }
    return client.post(link, {**typed, **proof})


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator()


@pytest.fixture
def nina(link: str, phone: Authenticator, olga: User) -> User:
    """She joined with her phone, and Olga has confirmed her."""
    joins(Client(), link, phone)
    nina = User.objects.get(email=NINA)
    return confirm_person(acting_user=olga, person=nina, origin=origin())


def test_nina_joins_with_her_phone_and_no_password(
    client: Client, link: str, phone: Authenticator, olga: User
) -> None:
    auf_deutsch = client.post(link, by_passkey(language="de")).content.decode()
    assert '<html lang="de"' in auf_deutsch and OPTIONS.decode() in auf_deutsch
    first = client.get(link).content.decode()
    assert "Passkey on this device" in first and NINA not in first
    page = client.post(link, by_passkey())
    assert page.status_code == 200 and "Set it up" in page.content.decode()
    assert client.session.get_expiry_age() == 600
    assert not User.objects.filter(email=NINA).exists()

    done = joins(client, link, phone)
    assert done.status_code == 200 and len(done.context["codes"]) == 10
    nina = User.objects.get(email=NINA)
    assert not nina.has_usable_password() and recovery_codes_left(nina) == 10
    assert is_signed_in(client) and nina.awaits_sponsor
    # Whoever only asks for a challenge is forgotten soon; who is in is not.
    assert client.session.get_expiry_age() > 600
    assert Passkey.objects.get(user=nina).name == "Work phone"
    enrolled = AuditEvent.objects.get(event="auth.mfa.enrolled")
    assert enrolled.actor_id == nina.pk and enrolled.detail["phishing_resistant"]
    assert olga.notifications.filter(kind="person.joined").exists()

    # From now on the phone is the whole way in; no password is, and the link was used up.
    assert passkey_sign_in(Client(), phone).url == "/"
    assert type_password(Client(), nina, "").status_code == 422
    assert type_password(Client(), nina, nina.password).status_code == 422
    assert Client().post(link, by_passkey()).status_code == 409
    account = client.get("/account/").content.decode()
    assert "you sign in with a passkey" in account
    assert client.get("/account/password/").status_code == 422


@pytest.mark.parametrize(
    "made_by",
    [
        Authenticator(verifies=False),
        Authenticator(origin="https://portal.evil.example"),
        None,
    ],
    ids=["without PIN or finger", "on another page", "nonsense"],
)
def test_a_passkey_that_proves_too_little_makes_no_account(
    client: Client, link: str, made_by: Authenticator | None
) -> None:
    options = client.post(link, by_passkey()).context["options"]
    answer = made_by.make(options) if made_by is not None else "{}"
    proof = {"passkey-name": "x", "passkey-answer": answer}
    page = client.post(link, {**by_passkey(), **proof})
    assert page.status_code == 422 and "not accepted" in refusal(page)
    assert 'value="Nina Neu"' in page.content.decode()
    assert not User.objects.filter(email=NINA).exists()
    # Nothing is used up: the page goes on, or back to a password.
    typed = {**by_passkey(), "back": "1"}
    first = client.post(link, typed).content.decode()
    assert re.search(r'value="password"[^>]*checked', first)
    assert client.post(link, answers()).url == ENROL


def test_who_has_only_the_link_is_shown_no_address_and_makes_no_passkey(
    client: Client, link: str
) -> None:
    for changed in (
        {"email": "mallory@evil.example"},
        {"notice_version": "2020-1"},
        {"notice": ""},
    ):
        page = client.post(link, by_passkey() | changed)
        assert page.status_code == 422 and OPTIONS not in page.content
        if "email" in changed:
            assert NINA not in page.content.decode()


def test_the_only_passkey_stays_while_it_is_the_way_in(
    browser_of: Callable[..., Client], nina: User, phone: Authenticator
) -> None:
    """An app beside it is a second factor, and no first step."""
    browser = Client()
    passkey_sign_in(browser, phone)
    browser.get("/account/authenticator/")
    browser.post("/account/authenticator/", {"code": code_of(nina, confirmed=False)})
    only = Passkey.objects.get(user=nina)
    answer = browser.post(f"/account/passkeys/{only.pk}/remove/")
    assert answer.status_code == 422 and "no password" in answer.content.decode()
    assert Passkey.objects.filter(pk=only.pk).exists()


def test_a_lost_phone_costs_the_mailbox_and_a_recovery_code(
    committed: Committed, client: Client, link: str, phone: Authenticator
) -> None:
    codes = joins(Client(), link, phone).context["codes"]
    with committed():
        asks(client, NINA)
    assert client.post(way_back()).url == CODE
    assert chooses(client).url == CODE
    answer = client.post(f"{CODE}?recovery", {"code": codes[0]})
    assert answer.url == "/accounts/new-password/"
    assert chooses(client).url == "/"
    nina = User.objects.get(email=NINA)
    assert nina.has_usable_password() and is_signed_in(client)


def test_with_nothing_left_two_people_the_mailbox_and_the_sponsor_agree(
    clock: Clock, committed: Committed, client: Client,
    nina: User, ivan: User, adam: User, olga: User, link: str,
) -> None:  # fmt: skip
    """As strong as joining was: somebody of the plant says again who it is."""
    with committed():
        asks(client, NINA)
    too_early = way_back()
    reset_by_two(ivan, adam, nina)
    said = nina.notifications.first()
    assert said.kind == "account.passkey_reset" and "until Wed 11 Mar" in said.body
    with committed():
        asks(client, NINA)
    assert client.post(too_early).url == MAILBOX
    with committed():
        assert client.get(MAILBOX).status_code == 200
    assert chooses(client).url == MAILBOX and client.get(ENROL).url == MAILBOX
    assert client.post(MAILBOX, {"code": code_in_the_mail(nina)}).url == ENROL
    set_up(client, nina)
    nina.refresh_from_db()
    assert nina.awaits_sponsor and not is_signed_in(client)
    assert AuditEvent.objects.filter(event="account.confirmation.lapsed").count() == 1
    assert olga.notifications.filter(kind="person.came_back").exists()
    assert chooses(client).url == "/"
    nina.refresh_from_db()
    assert is_signed_in(client) and nina.awaits_sponsor

    # With a password she is like everybody else: a link alone opens nothing (decision 0060).
    confirm_person(acting_user=olga, person=nina, origin=origin())
    with committed():
        asks(client, NINA)
    before = way_back()
    reset_by_two(ivan, adam, nina)
    assert Client().post(before).status_code == 409
    sent = len(mail.outbox)
    with committed():
        asks(client, NINA)
    assert not any("/accounts/forgotten/" in str(m.body) for m in mail.outbox[sent:])


def test_a_day_later_no_link_is_sent(
    clock: Clock, committed: Committed, nina: User, ivan: User, adam: User
) -> None:
    reset_by_two(ivan, adam, nina)
    clock.forward(hours=24)
    with committed():
        asks(Client(), NINA)
    assert "/accounts/forgotten/" not in str(mail.outbox[-1].body)
    assert type_code(Client(), "123456").url == "/accounts/login/"
