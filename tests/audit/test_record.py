"""An act leaves one event: whole, hashed, unchangeable, and gone with a failed act."""

import pytest
from django.db import DatabaseError, connection, transaction

from accessportal import audit
from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.audit.recorder import content_hash
from accessportal.origin import Origin

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga() -> User:
    return User.objects.create_user("olga@north.example", full_name="Olga Operator")


def test_an_event_tells_who_what_where_and_with_which_factor(olga: User) -> None:
    origin = Origin(address="192.0.2.7", factor="totp", web_session_ref="abc")
    audit.record(
        "auth.login.succeeded",
        acting_user=olga,
        subject=olga,
        origin=origin,
        method="x",
    )
    event = AuditEvent.objects.get()
    assert event.actor_name == "Olga Operator"
    assert event.actor_organisation == "Plant"
    assert event.category == "AC"
    assert event.source_address == "192.0.2.7"
    assert event.factor == "totp"
    assert event.object_type == "user"
    assert event.detail == {"method": "x"}
    assert event.content_hash == content_hash(event)


def test_the_system_is_named_never_blank() -> None:
    audit.record("system.started")
    event = AuditEvent.objects.get()
    assert (event.actor_type, event.actor_name) == ("system", "Access Portal")


def test_a_name_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match="vocabulary"):
        audit.record("coffee.made")


def test_an_act_that_fails_leaves_no_event(olga: User) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record("auth.logout", acting_user=olga)
        raise RuntimeError
    assert not AuditEvent.objects.exists()


def test_a_line_break_in_a_name_stays_inside_its_field(olga: User) -> None:
    olga.full_name = "Olga\n2026 system.started"
    audit.record("auth.logout", acting_user=olga, reason="a\r\nb")
    assert AuditEvent.objects.count() == 1
    assert AuditEvent.objects.get().actor_name == olga.full_name


def test_too_long_texts_are_shortened_not_refused(olga: User) -> None:
    audit.record("auth.logout", acting_user=olga, reason="x" * 5000)
    event = AuditEvent.objects.get()
    assert len(event.reason) == 2000
    assert event.reason.endswith("…")


@pytest.mark.parametrize("table", ["audit_auditevent"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET reason = 'x'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_a_row(
    olga: User, table: str, statement: str
) -> None:
    audit.record("auth.logout", acting_user=olga)
    with (
        pytest.raises(DatabaseError, match="cannot be changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))
    assert AuditEvent.objects.get().reason == ""


def test_python_refuses_too(olga: User) -> None:
    event = audit.record("auth.logout", acting_user=olga)
    event.reason = "something else"
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()
