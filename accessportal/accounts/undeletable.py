"""The database refuses to delete a person: evidence refers to the row by its id (SR 1.4).

Not a migration of its own: SQLite drops a table's triggers whenever a later migration makes
the table anew, so that they are put back after every `migrate`.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

TABLE = "accounts_user"
TRIGGER = f"{TABLE}_no_delete"
WORDS = "people are disabled and pseudonymised, never deleted"

POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION {TRIGGER}() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION '{WORDS}';
END;
$$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS {TRIGGER} ON {TABLE};
CREATE TRIGGER {TRIGGER} BEFORE DELETE ON {TABLE}
FOR EACH ROW EXECUTE FUNCTION {TRIGGER}();
"""
SQLITE = (
    f"CREATE TRIGGER IF NOT EXISTS {TRIGGER} BEFORE DELETE ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END;"
)


def refuse_deletion(using: str = "default", **kwargs: Any) -> None:
    """Put the trigger in place; called after every `migrate`."""
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL if connection.vendor == "postgresql" else SQLITE)


def allow_deletion(using: str = "default") -> None:
    """For the clean-up between tests that commit, and nothing else."""
    connection = connections[using]
    table = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER IF EXISTS {TRIGGER}{table}")
