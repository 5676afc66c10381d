"""What several attacks need."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command
from django.db import connection

ROLE = "portal_app"


def become_the_product() -> None:
    """Make the database role as deploy/README.md says, and be it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    call_command("database_role", ROLE, "--apply", stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
