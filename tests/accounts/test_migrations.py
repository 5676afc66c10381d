"""An update of a running portal: who is signed in while the tables change stays so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accessportal.accounts.factors import make_recovery_codes
from accessportal.accounts.models import AuthenticatorApp, WebSession
from accessportal.accounts.web_sessions import is_in_force
from accessportal.row_rules import lift_from, put_in_place
from requests.row_rules import RULES as request_rules
from sessions.row_rules import RULES as session_rules
from tests.accounts.steps import CODE, is_signed_in, sign_in, type_password
from tests.cast import Plant, origin

pytestmark = pytest.mark.django_db(transaction=True)

Migrate = Callable[..., None]


@pytest.fixture
def migrate_to() -> Iterator[Migrate]:
    """Takes the tables to a migration; without one, and at the end, to the newest."""

    rules = (*request_rules, *session_rules)

    def migrate(*target: str) -> None:
        lift_from(connection, rules)  # as the command does before it
        executor = MigrationExecutor(connection)
        executor.migrate([target] if target else executor.loader.graph.leaf_nodes())

    before = tables()
    yield migrate
    migrate()
    put_in_place(connection, rules)
    assert tables() == before, "the test leaves another database behind"


def tables() -> dict[str, Any]:
    """Every table with its columns and the names of its constraints and indexes."""
    with connection.cursor() as cursor:
        look = connection.introspection
        return {
            table: (
                sorted(
                    column.name for column in look.get_table_description(cursor, table)
                ),
                sorted(look.get_constraints(cursor, table)),
            )
            for table in look.table_names(cursor)
        }


def cookie_of(browser: Client) -> str:
    return browser.session.session_key or ""


def test_web_sessions_that_become_rows_let_the_same_people_in(
    migrate_to: Migrate, plant: Plant, browser_of: Callable[..., Client]
) -> None:
    """Vera works, Victor has given his password only, Olga's time is over, somebody looks."""
    vera, olga, victor = browser_of(plant.vera), browser_of(plant.olga), Client()
    victor.force_login(plant.victor)
    Session.objects.filter(session_key=cookie_of(olga)).update(
        expire_date=timezone.now()
    )
    assert cookie_of(Client())

    migrate_to("accounts", "0009_those_who_are_there_are_confirmed")
    assert WebSession._meta.db_table not in connection.introspection.table_names()
    migrate_to()

    kept = WebSession.objects.get()
    assert (kept.user, kept.factor_kind) == (plant.vera, "totp")
    assert kept.idle_at > timezone.now() and kept.ended_at is None
    # What a live session on a machine hung on before is what it hangs on now.
    assert kept.key == cookie_of(vera) and is_in_force(cookie_of(vera))
    assert not is_in_force(cookie_of(victor))
    assert is_signed_in(vera)
    assert not is_signed_in(victor)
    assert not is_signed_in(olga)


def test_an_update_seals_the_seeds_of_apps_and_keeps_who_is_signed_in(
    migrate_to: Migrate, plant: Plant, browser_of: Callable[..., Client]
) -> None:
    """Readable before, sealed after; the same app, the same codes, the same web session."""
    vera = browser_of(plant.vera)
    seed = AuthenticatorApp.objects.get(user=plant.vera).bin_key
    code = make_recovery_codes(acting_user=plant.vera, origin=origin())[0]

    migrate_to("accounts", "0012_time_to_renew_a_factor")
    readable = TOTPDevice.objects.get(user=plant.vera)
    assert readable.bin_key == seed
    migrate_to()

    app = AuthenticatorApp.objects.get(user=plant.vera)
    assert app.pk == readable.pk and app.bin_key == seed
    assert TOTPDevice.objects.get(pk=app.pk).key == "sealed"
    assert is_signed_in(vera)
    assert sign_in(Client(), plant.vera).url == "/"
    again = Client()
    type_password(again, plant.vera)
    assert again.post(f"{CODE}?recovery", {"code": code}).url == "/"
