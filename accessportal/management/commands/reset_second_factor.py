"""`manage.py reset_second_factor`: for a lost phone when nobody else can help."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accessportal.accounts.models import User
from accessportal.accounts.renewal import renewal_closes_at
from accessportal.accounts.services.factor_resets import reset_second_factor
from accessportal.errors import PortalError
from accessportal.origin import SYSTEM


class Command(BaseCommand):
    help = (
        "Take a person's second factor away; a new one is set up at the next sign-in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--reason", required=True, help="stands in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(email=options["email"].strip().lower()).first()
        if person is None:
            raise CommandError(f"Nobody has the address {options['email']!r}.")
        try:
            person = reset_second_factor(
                acting_user=None, person=person, reason=options["reason"], origin=SYSTEM
            )
        except PortalError as error:
            raise CommandError(str(error.sentence)) from error
        self.stdout.write(
            f"{person.full_name} sets up a new factor at a sign-in until "
            f"{renewal_closes_at(person):%Y-%m-%d %H:%M} UTC."
        )
