"""When the directory is down: few named accounts, and everybody learns of each use."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from accessportal.accounts.directory.break_glass import (
    mark_break_glass,
    remind_of_untested,
    unmark_break_glass,
)
from accessportal.accounts.directory.configuration import OpenIdSettings
from accessportal.accounts.models import BreakGlassAccount, User
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications.models import Notification
from tests.accounts.steps import (
    CODE,
    SIGN_IN,
    code_of,
    refusal,
    type_code,
    type_password,
)
from tests.cast import PASSWORD, Clock, Plant, origin

pytestmark = pytest.mark.django_db

PAGE = "/directory/break-glass/"


@pytest.fixture
def directory(settings: Settings) -> None:
    """The plant has a directory; nobody here has to ask it."""
    settings.DIRECTORY = OpenIdSettings("https://id.plant.example", "access-portal")


@pytest.fixture
def glass(directory: None, plant: Plant) -> BreakGlassAccount:
    return mark_break_glass(
        acting_user=plant.adam,
        person=plant.adam,
        reason="The directory may be down",
        origin=origin(),
    )


def test_employees_passwords_count_no_more(
    directory: None, client: Client, olga: User
) -> None:
    answer = type_password(client, olga)
    assert answer.status_code == 422
    wrong = type_password(client, olga, "not the password")
    assert refusal(answer) == refusal(wrong)


def test_neither_lock_out_nor_work_tells_that_the_password_was_right(
    directory: None, client: Client, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    real = User.set_password
    monkeypatch.setattr(
        User, "set_password", lambda user, raw: (hashed.append(raw), real(user, raw))[1]
    )
    for _number in range(4):
        assert type_password(client, olga, PASSWORD).status_code == 422
    assert type_password(client, olga, PASSWORD).status_code == 429
    assert hashed == [PASSWORD] * 5


def test_without_a_directory_everybody_has_a_password(
    client: Client, olga: User
) -> None:
    assert type_password(client, olga).url == CODE


def test_people_of_vendors_have_passwords_in_any_case(
    directory: None, client: Client, vera: User
) -> None:
    assert type_password(client, vera).url == CODE
    assert not Notification.objects.filter(kind="break_glass.used").exists()


def test_a_break_glass_account_comes_in_with_its_factor_and_is_never_quiet(
    glass: BreakGlassAccount,
    client: Client,
    adam: User,
    ivan: User,
    committed: Callable,
) -> None:
    with committed():
        assert type_password(client, adam).url == CODE
    assert client.get("/").status_code == 302  # the second factor is still asked for
    assert type_code(client, code_of(adam)).url == "/"

    event = AuditEvent.objects.get(event="auth.break_glass.used")
    assert event.severity == "critical" and event.actor_id == adam.pk
    told = Notification.objects.filter(kind="break_glass.used")
    assert {one.recipient for one in told} == {adam, ivan}
    assert any("Alarm: Adam Albers" in sent.subject for sent in mail.outbox)
    glass.refresh_from_db()
    assert glass.used_at is not None


def test_a_wrong_password_of_it_raises_no_alarm(
    glass: BreakGlassAccount, client: Client, adam: User
) -> None:
    assert type_password(client, adam, "not the password").status_code == 422
    assert not Notification.objects.filter(kind="break_glass.used").exists()


def test_a_disabled_person_has_none(
    glass: BreakGlassAccount, client: Client, adam: User, clock: Clock
) -> None:
    adam.disabled_at = clock.now
    adam.save()
    assert type_password(client, adam).status_code == 422


def test_what_was_taken_away_does_not_work(
    glass: BreakGlassAccount, client: Client, adam: User
) -> None:
    unmark_break_glass(
        acting_user=adam, account=glass, reason="Left the plant", origin=origin()
    )
    assert type_password(client, adam).status_code == 422
    with pytest.raises(TooLate):
        unmark_break_glass(
            acting_user=adam, account=glass, reason="Again", origin=origin()
        )


def test_who_may_mark_whom(directory: None, plant: Plant) -> None:
    def mark(by: User, person: User, reason: str = "Emergency") -> BreakGlassAccount:
        return mark_break_glass(
            acting_user=by, person=person, reason=reason, origin=origin()
        )

    for by in (plant.olga, plant.ivan, plant.cora, plant.vera):
        with pytest.raises(NotAllowed):
            mark(by, plant.adam)
    with pytest.raises(NotPossible):
        mark(plant.adam, plant.vera)
    with pytest.raises(NotPossible):
        mark(plant.adam, plant.ivan, " ")
    plant.olga.set_unusable_password()
    plant.olga.save()
    with pytest.raises(NotPossible):
        mark(plant.adam, plant.olga)
    mark(plant.adam, plant.ivan)
    with pytest.raises(NotPossible):
        mark(plant.adam, plant.ivan)


def test_an_administrator_of_one_site_may_not(directory: None, plant: Plant) -> None:
    plant.adam.role_grants.update(site=plant.north)
    with pytest.raises(NotAllowed):
        mark_break_glass(
            acting_user=plant.adam, person=plant.adam, reason="x", origin=origin()
        )


def test_ninety_days_untested_are_said_each_week_until_it_is_tried(
    clock: Clock, glass: BreakGlassAccount, client: Client, adam: User
) -> None:
    clock.forward(days=89)
    assert remind_of_untested() == 0
    clock.forward(days=2)
    assert remind_of_untested() == 1
    assert remind_of_untested() == 0
    clock.forward(days=8)
    assert remind_of_untested() == 1
    assert Notification.objects.filter(kind="break_glass.untested").count() == 4

    type_password(client, adam)
    clock.forward(days=80)
    assert remind_of_untested() == 0


def test_the_first_one_is_made_at_the_server(directory: None, adam: User) -> None:
    call_command("break_glass", email="Adam.Albers@example.test", reason="First set-up")
    account = BreakGlassAccount.objects.get()
    assert account.user == adam and account.marked_by is None
    with pytest.raises(CommandError, match="already"):
        call_command("break_glass", email="adam.albers@example.test", reason="Again")
    with pytest.raises(CommandError, match="nobody"):
        call_command("break_glass", email="no.body@example.test", reason="x")


def test_the_page_lists_them_with_their_last_use(
    glass: BreakGlassAccount,
    browser_of: Callable[..., Client],
    client: Client,
    adam: User,
    ivan: User,
) -> None:
    assert "Never tried" in browser_of(ivan).get(PAGE).content.decode()
    type_password(client, adam)
    page = browser_of(ivan).get(PAGE).content.decode()
    assert "Last use:" in page and "The directory may be down" in page
    assert "Take away" not in page  # IT security sees, administrators change


def test_adam_makes_and_takes_away_on_the_page(
    directory: None, browser_of: Callable[..., Client], adam: User, ivan: User
) -> None:
    browser = browser_of(adam)
    refused = browser.post(f"{PAGE}add/", {"person": ivan.pk, "reason": ""})
    assert refused.status_code == 422
    made = browser.post(f"{PAGE}add/", {"person": ivan.pk, "reason": "Night shift"})
    assert made.status_code == 302
    account = BreakGlassAccount.objects.get(user=ivan)
    browser.post(f"{PAGE}{account.pk}/remove/", {"reason": "Not needed"})
    assert not BreakGlassAccount.objects.exists()

    stale = browser_of(adam, factor_age=600)
    asked = stale.post(f"{PAGE}add/", {"person": ivan.pk, "reason": "x"})
    assert asked.status_code == 403 and not BreakGlassAccount.objects.exists()


def test_the_sign_in_page_leads_employees_to_their_directory(
    directory: None, client: Client
) -> None:
    page = client.get(f"{SIGN_IN}?next=/account/").content.decode()
    assert "/accounts/login/directory/?next=%2Faccount%2F" in page
    assert "Service companies" in page
