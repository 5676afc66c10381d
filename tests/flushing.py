"""Cleans up after a test with real commits, although audit rows and people cannot be deleted.

Django's own clean-up empties every table there is, which costs more than most tests. Here
only what has rows is emptied. Only this lifts the triggers, and puts them back at once: no
test ever runs without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

from accessportal.accounts.undeletable import allow_deletion, refuse_deletion

append_only = import_module("accessportal.audit.migrations.0002_append_only")

# What `migrate` itself puts there, and no test changes.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def filled_tables() -> list[str]:
    """The tables in which there is something."""
    names = set(connection.introspection.django_table_names(only_existing=True)) - KEPT
    asked = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608 - table names of Django
        for name in sorted(names)
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [name for (name,) in cursor.fetchall()]


@contextmanager
def no_triggers() -> Iterator[None]:
    """Neither foreign keys nor the triggers of audit rows and people stand in the way."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            try:
                yield
            finally:
                cursor.execute("SET session_replication_role = DEFAULT")
        return
    with connection.schema_editor() as editor:  # without foreign keys
        append_only.remove_triggers(None, editor)
        allow_deletion()
        yield
        append_only.add_triggers(None, editor)
    refuse_deletion()


def flush(self: Any) -> None:
    """In place of `TransactionTestCase._fixture_teardown`."""
    filled = filled_tables()
    if not filled:
        return
    with no_triggers(), transaction.atomic(), connection.cursor() as cursor:
        for name in filled:
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608 - table names of Django


@pytest.fixture(autouse=True, scope="session")
def only_what_has_rows_is_emptied() -> Iterator[None]:
    django_own = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = flush
    yield
    TransactionTestCase._fixture_teardown = django_own
