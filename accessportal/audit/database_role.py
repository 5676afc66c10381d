"""Two database roles: one owns the tables, the other works with them and cannot edit the trail.

The triggers of the audit tables refuse changes, but whoever owns a table can take its triggers
away. So the product runs as a role that owns nothing: of the trail it may read and add, and it
can lift no trigger. Only migrations run as the owner (deploy/README.md says how).
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

AUDIT_TABLES = ("audit_auditevent", "audit_auditseal", "audit_signedhead")


def statements_for(role: str, connection: BaseDatabaseWrapper) -> list[str]:
    """The SQL that the owner runs after each `migrate`; running it again changes nothing."""
    name = connection.ops.quote_name(role)
    trail = ", ".join(connection.ops.quote_name(table) for table in AUDIT_TABLES)
    return [
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"REVOKE CREATE ON SCHEMA public FROM {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}",
        f"REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {trail} FROM {name}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {name}",
    ]


def can_lift_the_triggers(connection: BaseDatabaseWrapper) -> bool:
    """Whether this connection's role could change the trail if it wanted to."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_or(pg_has_role(current_user, relowner, 'USAGE')"
            " OR has_table_privilege(oid, 'UPDATE') OR has_table_privilege(oid, 'DELETE')"
            " OR has_table_privilege(oid, 'TRUNCATE'))"
            " FROM pg_class WHERE relname = ANY(%s)",
            [list(AUDIT_TABLES)],
        )
        return bool(cursor.fetchone()[0])
