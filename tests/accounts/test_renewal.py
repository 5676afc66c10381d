"""After a second factor was taken away: the mailbox, a time limit, and then two people again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accessportal.accounts.factors import has_factor
from accessportal.accounts.models import (
    AuthenticatorApp,
    BreakGlassAccount,
    FactorReset,
    User,
)
from accessportal.accounts.renewal import KEEPS_MAIL
from accessportal.accounts.services.factor_resets import (
    ask_factor_reset,
    confirm_factor_reset,
)
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotPossible
from tests.accounts.steps import code_of, is_signed_in, refusal, type_password
from tests.cast import Clock, origin

pytestmark = pytest.mark.django_db

MAILBOX = "/accounts/login/mailbox/"
ENROL = "/accounts/enrol/"
TOO_LATE = "/accounts/login/too-late/"

Committed = Callable[[], object]


def reset_by_two(ivan: User, adam: User, person: User) -> None:
    asked = ask_factor_reset(
        acting_user=ivan, person=person, reason="phone stolen", origin=origin()
    )
    confirm_factor_reset(acting_user=adam, asked=asked, origin=origin())
    person.refresh_from_db()


def code_in_the_mail(person: User) -> str:
    """The newest code that was sent to this person."""
    body = next(
        str(one.body)
        for one in reversed(mail.outbox)
        if one.to == [person.email] and "type this code" in str(one.body)
    )
    found = re.search(r"^\d{4} \d{4}$", body, re.MULTILINE)
    assert found is not None
    return found.group()


def set_up(browser: Client, person: User) -> None:
    assert browser.get(ENROL).status_code == 200
    browser.post(ENROL, {"code": code_of(person, confirmed=False)})


def test_the_password_and_the_mailbox_together_set_up_a_new_factor(
    clock: Clock, client: Client, ivan: User, adam: User, vera: User,
    committed: Committed,
) -> None:  # fmt: skip
    reset_by_two(ivan, adam, vera)
    assert "until Wed 11 Mar" in vera.notifications.get().body
    with committed():  # type: ignore[attr-defined]
        assert type_password(client, vera).url == MAILBOX
        assert client.get(ENROL).url == MAILBOX
        assert "taken away" in client.get(MAILBOX).content.decode()
    assert not AuthenticatorApp.objects.filter(user=vera).exists()
    wrong = client.post(MAILBOX, {"code": "00000000"})
    assert wrong.status_code == 422 and "not right" in refusal(wrong)
    assert client.get(ENROL).url == MAILBOX

    assert client.post(MAILBOX, {"code": code_in_the_mail(vera)}).url == ENROL
    set_up(client, vera)
    assert is_signed_in(client)
    vera.refresh_from_db()
    assert vera.factors_gone_at is None and vera.revived_at is None
    said = AuditEvent.objects.filter(event__startswith="auth.mfa.renewal")
    assert list(said.order_by("pk").values_list("event", flat=True)) == [
        "auth.mfa.renewal.begun",
        "auth.mfa.renewal.proven",
    ]
    # Lost again, later: it begins anew.
    clock.forward(days=2)
    reset_by_two(ivan, adam, vera)
    assert type_password(Client(), vera).url == MAILBOX


def test_after_a_day_it_takes_two_people_again(
    clock: Clock, client: Client, browser_of: Callable[..., Client],
    ivan: User, adam: User, vera: User,
) -> None:  # fmt: skip
    reset_by_two(ivan, adam, vera)
    with pytest.raises(NotPossible, match="already, until Wed 11 Mar"):
        reset_by_two(ivan, adam, vera)
    clock.forward(hours=23, minutes=59)
    assert type_password(client, vera).url == MAILBOX
    clock.forward(minutes=1)
    # In the middle of it, and from the beginning: it is over.
    assert client.get(MAILBOX).url == TOO_LATE
    assert type_password(client, vera).url == TOO_LATE
    page = client.get(TOO_LATE)
    assert page.status_code == 403 and "two people" in page.content.decode()
    assert client.get(TOO_LATE).status_code == 403
    assert client.get(ENROL).url == client.get(MAILBOX).url == TOO_LATE
    event = AuditEvent.objects.get(event="auth.mfa.renewal.refused")
    assert event.object_id == str(vera.pk) and event.result == "refused"

    page_of_vera = f"/people/{vera.pk}/signing-in/"
    assert "Time is over" in browser_of(ivan).get(page_of_vera).content.decode()
    reset_by_two(ivan, adam, vera)
    assert FactorReset.objects.filter(confirmed_at__isnull=False).count() == 2
    assert type_password(client, vera).url == MAILBOX


def test_a_mail_read_too_late_is_too_late(
    clock: Clock, client: Client, ivan: User, adam: User, vera: User,
    committed: Committed,
) -> None:  # fmt: skip
    reset_by_two(ivan, adam, vera)
    clock.forward(hours=23, minutes=55)
    with committed():  # type: ignore[attr-defined]
        type_password(client, vera)
        client.get(MAILBOX)
    clock.forward(minutes=5)
    assert client.post(MAILBOX, {"code": code_in_the_mail(vera)}).url == TOO_LATE
    assert not has_factor(vera)


def test_where_no_mail_can_come_the_time_limit_stays(
    clock: Clock, settings: Any, ivan: User, adam: User, vera: User,
    olga: User,
) -> None:  # fmt: skip
    BreakGlassAccount.objects.create(user=olga, marked_by=adam, reason="storms")
    reset_by_two(ivan, adam, olga)
    assert type_password(Client(), olga).url == ENROL
    reset_by_two(ivan, adam, vera)
    assert type_password(Client(), vera).url == MAILBOX
    settings.EMAIL_BACKEND = KEEPS_MAIL
    assert type_password(Client(), vera).url == ENROL
    clock.forward(hours=24)
    assert type_password(Client(), vera).url == TOO_LATE
    assert type_password(Client(), olga).url == TOO_LATE
