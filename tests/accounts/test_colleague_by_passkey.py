"""Somebody of the plant joins with a passkey alone, and loses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import Invitation, RoleGrant, User
from accessportal.accounts.notice import NOTICE_VERSION
from accessportal.accounts.passkeys import NewPasskey
from accessportal.accounts.services.employees import invite_employee
from accessportal.accounts.services.factor_resets import reset_second_factor
from accessportal.accounts.services.invitations import accept_invitation
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotPossible
from tests.accounts.authenticator import Authenticator, passkey_sign_in
from tests.accounts.steps import CODE, SIGN_IN, code_of, is_signed_in, type_code
from tests.accounts.test_forgotten_password import asks, chooses
from tests.accounts.test_forgotten_password import link_in_the_mail as way_back
from tests.accounts.test_join_by_passkey import by_passkey, joins
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

OTTO = {"email": "otto@plant.example", "full_name": "Otto Ohm"}


@pytest.fixture
def link(committed: Committed, adam: User) -> str:
    """Adam has invited Otto, who is to be administrator of every site as well."""
    with committed():
        invite_employee(
            acting_user=adam,
            **OTTO,
            language="en",
            roles=[("administrator", None)],
            access_expires_at=None,
            origin=origin(),
        )
    found = re.search(r"/accounts/invitation/[\w-]+/", str(mail.outbox[-1].body))
    assert found is not None
    return found[0]


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator()


@pytest.fixture
def otto(link: str, phone: Authenticator) -> User:
    joins(Client(), link, phone, **OTTO)
    return User.objects.get(email=OTTO["email"])


def test_otto_joins_with_his_phone_and_has_his_role(
    client: Client, link: str, phone: Authenticator
) -> None:
    page = client.get(link).content.decode()
    assert "Passkey on this device" in page and "to be recorded" not in page
    done = joins(client, link, phone, **OTTO)
    assert len(done.context["codes"]) == 10 and is_signed_in(client)
    otto = User.objects.get(email=OTTO["email"])
    assert not otto.has_usable_password() and may(otto, Action.PEOPLE_CHANGE)
    assert "you sign in with a passkey" in client.get("/account/").content.decode()
    assert passkey_sign_in(Client(), phone).url == "/"


def test_beside_a_directory_a_passkey_alone_is_no_way_in(
    client: Client, link: str, settings: LazySettings
) -> None:
    """There the plant's people come by the directory, and this is for break-glass accounts."""
    settings.DIRECTORY = "one"
    assert "Passkey on this device" not in client.get(link).content.decode()
    page = client.post(link, by_passkey(**OTTO))
    assert page.status_code == 422 and b"data-passkey-options" not in page.content
    made: dict[str, Any] = {**OTTO, "language": "en", "time_zone": "UTC"}
    with pytest.raises(NotPossible, match="choose a password"):
        accept_invitation(
            invitation=Invitation.objects.get(email=OTTO["email"]),
            passkey=NewPasskey("x", "x", b"x", 0, []),
            notice_version=NOTICE_VERSION,
            origin=origin(),
            **made,
        )


def test_who_comes_back_by_the_mailbox_alone_is_out_until_adam_says_who_it_is(
    clock: Clock, committed: Committed, client: Client, browser_of: Callable[..., Client],
    otto: User, ivan: User, adam: User,
) -> None:  # fmt: skip
    reset_by_two(ivan, adam, otto)
    assert otto.notifications.filter(kind="account.passkey_reset").exists()
    with committed():
        asks(client, otto.email)
    assert client.post(way_back()).url == MAILBOX
    with committed():
        assert client.get(MAILBOX).status_code == 200
    assert client.post(MAILBOX, {"code": code_in_the_mail(otto)}).url == ENROL
    set_up(client, otto)

    otto.refresh_from_db()
    assert not otto.is_active and not is_signed_in(client)
    assert not may(otto, Action.PEOPLE_CHANGE)
    assert "has to confirm that it is you" in client.get(SIGN_IN).content.decode()
    assert (
        AuditEvent.objects.get(event="account.disabled").detail["cause"] == "came_back"
    )
    told = adam.notifications.get(kind="colleague.came_back")
    assert told.path == f"/people/{otto.pk}/"
    assert not otto.notifications.filter(kind="colleague.came_back").exists()
    sent = len(mail.outbox)
    with committed():
        asks(client, otto.email)
    assert len(mail.outbox) == sent and chooses(client).url == SIGN_IN

    # Adam calls him. Then the link and the new factor are what they are for everybody.
    by_adam = browser_of(adam)
    page = by_adam.get(told.path).content.decode()
    assert "Came back by the mailbox alone" in page and "Call this person" in page
    by_adam.post(f"/people/{otto.pk}/return/", {"reason": "I called him"})
    assert otto.notifications.filter(kind="account.given_again").exists()
    clock.forward(minutes=2)
    with committed():
        asks(client, otto.email)
    assert client.post(way_back()).url == CODE
    assert type_code(client, code_of(otto)).url == "/accounts/new-password/"
    assert chooses(client).url == "/" and is_signed_in(client)


def test_the_last_administrator_keeps_the_passkey(otto: User, adam: User) -> None:
    """Nobody could give the access again."""
    RoleGrant.objects.filter(user=adam).delete()

    def reset() -> User:
        return reset_second_factor(
            acting_user=None, person=otto, reason="lost", origin=origin()
        )

    with pytest.raises(NotPossible, match="last administrator"):
        reset()
    RoleGrant.objects.create(user=adam, role="administrator", site=None)
    assert reset().factors_gone_at is not None
