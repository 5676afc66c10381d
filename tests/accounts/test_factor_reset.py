"""A lost phone: asked for by one, confirmed by another, neither of them the person."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accessportal.accounts.factors import (
    has_factor,
    make_recovery_codes,
    recovery_codes_left,
)
from accessportal.accounts.models import FactorReset, User
from accessportal.accounts.services.factor_resets import (
    ask_factor_reset,
    confirm_factor_reset,
    withdraw_factor_reset,
)
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from tests.accounts.authenticator import passkey_for
from tests.accounts.steps import is_signed_in, type_password
from tests.cast import Clock, origin

pytestmark = pytest.mark.django_db


def asked_by_ivan(ivan: User, person: User) -> FactorReset:
    return ask_factor_reset(
        acting_user=ivan, person=person, reason="phone stolen", origin=origin()
    )


def test_a_lost_phone_is_replaced_by_two_people_of_the_plant(
    browser_of: Callable[..., Client],
    client: Client,
    ivan: User,
    adam: User,
    vera: User,
) -> None:
    browser = browser_of(vera)
    make_recovery_codes(acting_user=vera, origin=origin())
    passkey_for(vera)
    page = f"/people/{vera.pk}/"
    asking = browser_of(ivan).post(
        f"{page}factor-reset/", {"reason": "phone stolen, called back"}
    )
    assert asking.url == f"{page}signing-in/"
    assert has_factor(vera) and is_signed_in(browser)
    assert adam.notifications.get().kind == "account.factor_reset_asked"
    assert not ivan.notifications.exists()

    asked = FactorReset.objects.get()
    second = browser_of(adam)
    assert "called back" in second.get(f"{page}signing-in/").content.decode()
    second.post(f"{page}factor-reset/{asked.pk}/confirm/")
    assert not has_factor(vera) and not is_signed_in(browser)
    assert recovery_codes_left(vera) == 0
    assert type_password(client, vera).url == "/accounts/login/mailbox/"
    event = AuditEvent.objects.get(event="auth.mfa.reset")
    assert event.reason == "phone stolen, called back"
    assert (event.actor_name, event.detail["asked_by"]) == ("Adam Albers", "Ivan Ivers")
    assert vera.notifications.filter(kind="account.factor_reset").count() == 1


def test_neither_who_asked_nor_the_person_confirms(
    ivan: User, adam: User, vera: User
) -> None:
    asked = asked_by_ivan(ivan, vera)
    with pytest.raises(NotPossible, match="yourself"):
        confirm_factor_reset(acting_user=ivan, asked=asked, origin=origin())
    own = asked_by_ivan(ivan, adam)
    with pytest.raises(NotPossible, match="two other people"):
        confirm_factor_reset(acting_user=adam, asked=own, origin=origin())
    with pytest.raises(NotPossible, match="two other people"):
        asked_by_ivan(ivan, ivan)
    assert has_factor(vera) and has_factor(adam)


@pytest.mark.parametrize("who", ["the one who asked", "the person"])
def test_the_database_says_four_eyes_too(ivan: User, vera: User, who: str) -> None:
    asked = asked_by_ivan(ivan, vera)
    by = ivan if who == "the one who asked" else vera
    with pytest.raises(IntegrityError), transaction.atomic():
        FactorReset.objects.filter(pk=asked.pk).update(
            confirmed_by=by, confirmed_at=asked.asked_at
        )


def test_it_takes_the_right_a_reason_and_a_fresh_factor(
    browser_of: Callable[..., Client], ivan: User, olga: User, vera: User
) -> None:
    path = f"/people/{vera.pk}/factor-reset/"
    assert browser_of(ivan).post(path, {"reason": " "}).status_code == 422
    assert browser_of(olga).post(path, {"reason": "x"}).status_code == 403
    stale = browser_of(ivan, factor_age=301)
    assert stale.post(path, {"reason": "x"}).status_code == 403
    with pytest.raises(NotAllowed):
        ask_factor_reset(acting_user=olga, person=vera, reason="x", origin=origin())
    assert not FactorReset.objects.exists()


def test_it_waits_one_day_and_only_once(
    clock: Clock, ivan: User, adam: User, vera: User
) -> None:
    asked = asked_by_ivan(ivan, vera)
    with pytest.raises(TooLate):
        asked_by_ivan(adam, vera)
    clock.forward(hours=25)
    with pytest.raises(TooLate):
        confirm_factor_reset(acting_user=adam, asked=asked, origin=origin())
    again = asked_by_ivan(ivan, vera)
    withdraw_factor_reset(acting_user=ivan, asked=again, origin=origin())
    with pytest.raises(TooLate):
        confirm_factor_reset(acting_user=adam, asked=again, origin=origin())
    assert has_factor(vera)
    assert AuditEvent.objects.filter(event="auth.mfa.reset.withdrawn").exists()
