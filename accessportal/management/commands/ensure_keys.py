"""`manage.py ensure_keys`: make the key files that are missing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accessportal.keys import ensure_keys


class Command(BaseCommand):
    help = "Make the key files that are missing (never replaces one)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        made = ensure_keys()
        self.stdout.write(
            f"Made {', '.join(made)} in {settings.KEYS_DIR}."
            if made
            else f"All keys are in {settings.KEYS_DIR}."
        )
