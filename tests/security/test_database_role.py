"""Somebody runs SQL as the product does: the trail can be added to, and nothing else."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accessportal import checks
from accessportal.audit import record
from accessportal.audit.chain import seal_committed_events, verify_chain
from tests.cast import Plant
from tests.security.kit import ROLE, become_the_product

# Whatever the role: the triggers refuse these on both databases.
EDITS = [
    "UPDATE audit_auditevent SET actor_name = 'Somebody else'",
    "DELETE FROM audit_auditevent",
    "UPDATE audit_auditseal SET hash = ''",
    "DELETE FROM audit_auditseal",
    "DELETE FROM audit_signedhead",
]
# What the owner of the tables could do, and the product's own role cannot.
LIFTING = [
    "TRUNCATE audit_auditevent CASCADE",
    "ALTER TABLE audit_auditevent DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_auditevent_append_only ON audit_auditevent",
    "DROP TABLE audit_signedhead",
    "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger AS"
    " $$ BEGIN RETURN OLD; END; $$ LANGUAGE plpgsql",
    "SET session_replication_role = replica",
    "DELETE FROM django_migrations",
    "CREATE TABLE mine (id int)",
]

on_postgresql = connection.vendor == "postgresql"


def refused(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError:
        return True
    return False


def test_the_triggers_refuse_every_edit(plant: Plant) -> None:
    record("system.started")
    seal_committed_events()
    assert [statement for statement in EDITS if not refused(statement)] == []


if on_postgresql:

    def test_the_products_role_can_lift_nothing(plant: Plant) -> None:
        record("system.started")
        become_the_product()
        assert [sql for sql in [*EDITS, *LIFTING] if not refused(sql)] == []
        record("system.started")
        assert seal_committed_events() == 2
        assert verify_chain().intact

    def test_who_owns_the_tables_is_told_so(plant: Plant) -> None:
        """`check --database default`, as the owner and as the product's role."""
        [found] = checks.check_database_role(None, databases=["default"])
        assert found.id == "portal.W003"
        become_the_product()
        assert checks.check_database_role(None, databases=["default"]) == []

else:

    def test_a_file_has_no_roles_and_the_command_says_so(db: None) -> None:
        with pytest.raises(CommandError, match="no roles"):
            call_command("database_role", ROLE)
        assert checks.check_database_role(None, databases=["default"]) == []
