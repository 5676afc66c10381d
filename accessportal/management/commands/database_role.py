"""`manage.py database_role ROLE`: what the product's own database role may do, and no more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from accessportal.audit.database_role import statements_for


class Command(BaseCommand):
    help = (
        "Prints the SQL that lets a PostgreSQL role run the product but not edit the audit "
        "trail; --apply runs it. Use it as the owner of the tables, after each migrate."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role")
        parser.add_argument("--apply", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError(
                "SQLite has no roles: whoever reads its file can write it."
            )
        statements = statements_for(options["role"], connection)
        for statement in statements:
            self.stdout.write(f"{statement};")
        if options["apply"]:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
            self.stdout.write("Done.")
