"""`./portal manage create_person`: the first administrator comes from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from tests.cast import Plant

pytestmark = pytest.mark.django_db


def create(*words: str) -> str:
    said = StringIO()
    call_command("create_person", *words, stdout=said)
    return said.getvalue()


def test_an_administrator_of_every_site_is_made_and_recorded() -> None:
    said = create(
        "--email", "Ada@Plant.example", "--name", "Ada", "--role", "administrator"
    )
    ada = User.objects.get(email="ada@plant.example")
    password = said.split("with the password ")[1].split()[0]
    assert ada.check_password(password)
    assert may(ada, Action.PLANT_CHANGE)
    assert set(AuditEvent.objects.values_list("event", flat=True)) == {
        "account.created",
        "role.granted",
    }


def test_a_role_at_one_site_ends_there(plant: Plant) -> None:
    create(
        *("--email", "otto@plant.example", "--name", "Otto"),
        *("--role", "ot_supervisor", "--site", plant.north.slug),
    )
    otto = User.objects.get(email="otto@plant.example")
    assert may(otto, Action.REQUEST_DECIDE, plant.north)
    assert not may(otto, Action.REQUEST_DECIDE, plant.south)


def test_the_same_address_twice_is_refused() -> None:
    create("--email", "ada@plant.example", "--name", "Ada", "--role", "administrator")
    with pytest.raises(CommandError, match="already"):
        create("--email", "ADA@plant.example", "--name", "Eda", "--role", "compliance")


def test_an_unknown_site_is_named() -> None:
    with pytest.raises(CommandError, match="no site 'nowhere'"):
        create(
            *("--email", "ada@plant.example", "--name", "Ada"),
            *("--role", "administrator", "--site", "nowhere"),
        )


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="valid email"):
        create("--email", "ada", "--name", "Ada", "--role", "administrator")
