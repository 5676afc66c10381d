"""`manage.py seed_demo`: fill the demo plant around machines that run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accessportal.demo.seed import seed_demo
from accessportal.demo.targets import described_path


class Command(BaseCommand):
    help = "Fill the demo plant; a second time changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--targets",
            type=Path,
            default=described_path(settings.DATA_DIR),
            help="JSON description of the running machines (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["targets"]
        try:
            targets = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(
                f"There is no {path}: ./portal demo starts the machines and fills the plant."
            ) from error
        people = seed_demo(targets)
        self.stdout.write(
            f"The demo plant is filled; {len(people)} people can sign in."
        )
