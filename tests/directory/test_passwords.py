"""Who signs in through the directory has no password here: none is offered, none is set."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from pytest_django.fixtures import Settings

from accessportal.accounts.directory.configuration import OpenIdSettings
from accessportal.accounts.models import BreakGlassAccount, User
from accessportal.accounts.services.password_resets import choose_new_password
from accessportal.accounts.services.profile import change_password
from accessportal.errors import NotPossible
from tests.cast import PASSWORD, origin

pytestmark = pytest.mark.django_db

NEW = "a long sentence for the plant"
PAGE = "/account/password/"


@pytest.fixture
def directory(settings: Settings) -> None:
    settings.DIRECTORY = OpenIdSettings("https://id.plant.example", "access-portal")


def test_it_is_neither_offered_nor_changed(
    directory: None, browser_of: Callable[..., Client], olga: User
) -> None:
    browser = browser_of(olga)
    account = browser.get("/account/").content.decode()
    assert PAGE not in account and "that of the plant" in account
    for answer in (
        browser.get(PAGE),
        browser.post(PAGE, {"old_password": PASSWORD, "new_password": NEW}),
    ):
        assert answer.status_code == 422
        assert "change it there" in answer.content.decode()
    with pytest.raises(NotPossible, match="change it there"):
        change_password(
            acting_user=olga, old_password=PASSWORD, new_password=NEW, origin=origin()
        )
    with pytest.raises(NotPossible, match="change it there"):
        choose_new_password(acting_user=olga, new_password=NEW, origin=origin())
    olga.refresh_from_db()
    assert olga.check_password(PASSWORD)


@pytest.mark.parametrize("who", ["vendor's person", "break-glass account"])
def test_who_has_a_password_here_changes_it_here(
    directory: None,
    browser_of: Callable[..., Client],
    vera: User,
    olga: User,
    who: str,
) -> None:
    person = vera if who == "vendor's person" else olga
    if person == olga:
        BreakGlassAccount.objects.create(user=olga, reason="storms")
    browser = browser_of(person)
    assert PAGE in browser.get("/account/").content.decode()
    assert browser.get(PAGE).status_code == 200
    change_password(
        acting_user=person, old_password=PASSWORD, new_password=NEW, origin=origin()
    )
    person.refresh_from_db()
    assert person.check_password(NEW)


def test_whoever_forgot_it_is_told_where_it_is_kept(
    directory: None,
    client: Client,
    olga: User,
    vera: User,
    committed: Callable[[], object],
) -> None:
    page = "/accounts/forgotten/"
    assert "its password is changed there" in client.get(page).content.decode()
    for person in (olga, olga, vera):
        with committed():  # type: ignore[attr-defined]
            client.post(page, {"email": person.email})
    to_olga = [one for one in mail.outbox if one.to == [olga.email]]
    assert len(to_olga) == 1 and "changed there" in str(to_olga[0].body)
    assert "/accounts/forgotten/" not in str(to_olga[0].body)
    (to_vera,) = [one for one in mail.outbox if one.to == [vera.email]]
    assert "/accounts/forgotten/" in str(to_vera.body)
