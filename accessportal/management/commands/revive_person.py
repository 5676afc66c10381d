"""`manage.py revive_person`: for a parked account whose mailbox cannot be reached."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accessportal.accounts.models import User
from accessportal.accounts.services.revival import mark_revived
from accessportal.errors import PortalError
from accessportal.origin import SYSTEM


class Command(BaseCommand):
    help = "Take a parked account into use again without the mail: the own factor stays asked for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--reason", required=True, help="stands in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(email=options["email"].strip().lower()).first()
        if person is None:
            raise CommandError(f"Nobody has the address {options['email']!r}.")
        try:
            mark_revived(
                person, acting_user=None, origin=SYSTEM, reason=options["reason"]
            )
        except PortalError as error:
            raise CommandError(str(error.sentence)) from error
        self.stdout.write(f"{person.full_name} can sign in again.")
