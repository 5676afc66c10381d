"""`manage.py run_broker`: production's broker, the process that holds remote sessions."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accessportal.embedded import Embedded
from accessportal.serving import Server, config


class Command(BaseCommand):
    help = "Run a broker (production); pages and tasks run in processes of their own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.EMBEDDED:
            raise CommandError(
                "The embedded profile has its broker inside ./portal serve."
            )
        from sessions.broker.fleet import NameTaken

        server = Server(
            config(host=options["host"], port=options["port"]),
            Embedded(tasks=False),
            lambda: self.stdout.write(
                f"{settings.BROKER_NAME} answers at {options['host']}:{options['port']}."
            ),
        )
        try:
            server.run()
        except NameTaken as error:
            raise CommandError(str(error)) from None
