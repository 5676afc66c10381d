"""A forgotten password: as strong as the front door, and silent about who has an account."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accessportal.accounts.models import AuthenticatorApp, PasswordReset, User
from accessportal.accounts.tasks import mail_password_resets
from accessportal.audit.models import AuditEvent
from tests.accounts.steps import (
    CODE,
    code_of,
    is_signed_in,
    type_code,
    type_password,
    wrong_code_of,
)
from tests.cast import PASSWORD, Clock

pytestmark = pytest.mark.django_db

FORGOTTEN = "/accounts/forgotten/"
NEW = "/accounts/new-password/"
SENTENCE = "a new sentence to remember"

Committed = Callable[[], AbstractContextManager[None]]


def asks(client: Client, email: str) -> Any:
    return client.post(FORGOTTEN, {"email": email})


def link_in_the_mail() -> str:
    found = re.search(r"/accounts/forgotten/[^/\s]+/", str(mail.outbox[-1].body))
    assert found is not None
    return found.group()


@pytest.fixture
def link(committed: Committed, client: Client, vera: User) -> str:
    with committed():
        asks(client, vera.email)
    return link_in_the_mail()


def chooses(client: Client, password: str = SENTENCE) -> Any:
    return client.post(NEW, {"new_password": password, "repeated": password})


def test_the_link_then_the_second_factor_then_the_new_password(
    clock: Clock,
    browser_of: Callable[..., Client],
    client: Client,
    vera: User,
    link: str,
) -> None:
    elsewhere = browser_of(vera)
    assert client.get(link).status_code == 200
    assert client.post(link).url == CODE
    assert client.get(NEW).url == CODE
    assert type_code(client, code_of(vera)).url == NEW
    assert not is_signed_in(client)
    vera.refresh_from_db()
    assert vera.check_password(PASSWORD)
    assert chooses(client).url == "/"
    vera.refresh_from_db()
    assert vera.check_password(SENTENCE)
    assert is_signed_in(client) and not is_signed_in(elsewhere)
    assert vera.notifications.filter(kind="account.password_changed").exists()


def test_the_link_alone_changes_nothing(client: Client, vera: User, link: str) -> None:
    client.post(link)
    assert type_code(client, wrong_code_of(vera)).status_code == 422
    assert chooses(client).url == CODE
    assert not is_signed_in(client)
    vera.refresh_from_db()
    assert vera.check_password(PASSWORD)


def test_the_link_works_once_and_for_half_an_hour(
    clock: Clock, committed: Committed, client: Client, vera: User, link: str
) -> None:
    client.post(link)
    page = Client().post(link)
    assert page.status_code == 409 and "Ask for a new one" in page.content.decode()
    assert AuditEvent.objects.filter(event="auth.token.rejected").exists()
    with committed():
        asks(Client(), vera.email)
    clock.forward(minutes=31)
    assert Client().post(link_in_the_mail()).status_code == 409


def test_a_program_that_looks_at_the_link_does_not_use_it_up(
    client: Client, vera: User, link: str
) -> None:
    Client().get(link)
    assert client.post(link).url == CODE


def test_the_link_is_not_stored(vera: User, link: str) -> None:
    stored = PasswordReset.objects.get(user=vera).token_hash
    assert len(stored) == 64 and stored not in link


def test_known_and_unknown_addresses_get_the_same_answer_for_the_same_work(
    client: Client, vera: User
) -> None:
    """Before the answer nothing is mailed; the database has as much to do for either."""
    seen = []
    for email in (vera.email, "nobody@example.test"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = asks(Client(), email)
        words = page.content.decode()
        words = re.sub(r'(csrf[^"]*"|value=|hx-headers=)[^>]*', "", words)
        words = re.sub(r'data-now="[0-9]+"', "", words)
        seen.append((page.status_code, words, len(queries)))
    assert seen[0] == seen[1]
    assert not mail.outbox and PasswordReset.objects.count() == 2


@pytest.mark.parametrize("who", ["nobody", "disabled", "without a factor"])
def test_whom_a_link_would_not_let_in_gets_none(
    clock: Clock, committed: Committed, client: Client, vera: User, who: str
) -> None:
    if who == "disabled":
        vera.disabled_at = clock.now
        vera.save()
    elif who == "without a factor":
        AuthenticatorApp.objects.filter(user=vera).delete()
    with committed():
        asks(client, "nobody@example.test" if who == "nobody" else vera.email)
    assert not any("/accounts/forgotten/" in str(sent.body) for sent in mail.outbox)
    assert len(mail.outbox) == (1 if who == "without a factor" else 0)


def test_an_address_is_not_flooded(
    committed: Committed, client: Client, vera: User
) -> None:
    for _wish in range(6):
        with committed():
            asks(client, vera.email)
    assert len(mail.outbox) == 3


def test_a_lost_task_is_made_up_for(
    committed: Committed, client: Client, vera: User
) -> None:
    asks(client, vera.email)
    assert not mail.outbox
    with committed():
        mail_password_resets()
        mail_password_resets()
    assert len(mail.outbox) == 1


def test_a_weak_password_is_refused_with_its_reason(
    client: Client, vera: User, link: str
) -> None:
    client.post(link)
    type_code(client, code_of(vera))
    assert chooses(client, "short").status_code == 422
    assert chooses(client).url == "/"


def test_after_the_new_password_the_old_one_is_worth_nothing(
    clock: Clock, client: Client, vera: User, link: str
) -> None:
    client.post(link)
    type_code(client, code_of(vera))
    chooses(client)
    assert type_password(Client(), vera).status_code == 422
