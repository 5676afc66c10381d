"""Rules of the database that look at more than one row, where a CHECK cannot.

Triggers refuse the write with an `IntegrityError`, whatever code it comes from. They are no
migration of their own: SQLite drops a table's triggers whenever a migration makes the table
anew, and stumbles over those of other tables that name it. So they are lifted before each
`migrate` there, and put in place after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate, pre_migrate


@dataclass(frozen=True)
class RowRule:
    """refused: SQL over the row NEW; what it is true for is not written.

    columns: those whose UPDATE is looked at; inserts: whether an INSERT is, too. locked: for
    PostgreSQL, the row that has to stand still while it is looked at, as a SELECT; SQLite has
    one writer at a time.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    refused: str
    words: str
    inserts: bool = True
    locked: str = ""

    def statements(self, vendor: str) -> list[str]:
        return self._for_postgresql() if vendor == "postgresql" else self._for_sqlite()

    def _for_postgresql(self) -> list[str]:
        lock = f"PERFORM 1 FROM {self.locked};" if self.locked else ""
        writes = f"UPDATE OF {', '.join(self.columns)}"
        if self.inserts:
            writes = f"INSERT OR {writes}"
        return [
            f"""
            CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger AS $$
            BEGIN
                {lock}
                IF {self.refused} THEN
                    RAISE EXCEPTION '{self.words}' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
            END;
            $$ LANGUAGE plpgsql;
            """,
            f"DROP TRIGGER IF EXISTS {self.name} ON {self.table};",
            f"CREATE TRIGGER {self.name} BEFORE {writes} ON {self.table} "
            f"FOR EACH ROW EXECUTE FUNCTION {self.name}();",
        ]

    def _for_sqlite(self) -> list[str]:
        writes = {"update": f"UPDATE OF {', '.join(self.columns)}"}
        if self.inserts:
            writes["insert"] = "INSERT"
        return [
            f"CREATE TRIGGER IF NOT EXISTS {self.name}_{verb} BEFORE {write} "
            f"ON {self.table} WHEN {self.refused} "
            f"BEGIN SELECT RAISE(ABORT, '{self.words}'); END;"
            for verb, write in writes.items()
        ]


def keep_row_rules(app: AppConfig, rules: Iterable[RowRule]) -> None:
    """Have these rules in place after every `migrate`; for `AppConfig.ready`."""
    rules = tuple(rules)

    def put(using: str = "default", **kwargs: Any) -> None:
        put_in_place(connections[using], rules)

    def lift(using: str = "default", **kwargs: Any) -> None:
        lift_from(connections[using], rules)

    uid = f"{app.label}.row_rules"
    pre_migrate.connect(lift, sender=app, weak=False, dispatch_uid=uid)
    post_migrate.connect(put, sender=app, weak=False, dispatch_uid=uid)


def put_in_place(connection: BaseDatabaseWrapper, rules: Iterable[RowRule]) -> None:
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for rule in rules:
            if rule.table in tables:
                for statement in rule.statements(connection.vendor):
                    cursor.execute(statement)


def lift_from(connection: BaseDatabaseWrapper, rules: Iterable[RowRule]) -> None:
    """On SQLite; PostgreSQL alters tables in place, with their triggers on them."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for rule in rules:
            for verb in ("insert", "update"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {rule.name}_{verb}")
