"""`manage.py break_glass`: let a person's password work beside the plant's directory."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accessportal.accounts.directory.break_glass import mark_break_glass
from accessportal.accounts.models import User
from accessportal.errors import PortalError


class Command(BaseCommand):
    help = "Make a break-glass account: its password works while there is a directory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        person = User.objects.filter(email=email).first()
        if person is None:
            raise CommandError(f"There is nobody with the address {email}.")
        try:
            mark_break_glass(acting_user=None, person=person, reason=options["reason"])
        except PortalError as error:
            raise CommandError(str(error.sentence)) from error
        self.stdout.write(f"{person} signs in with the password beside the directory.")
