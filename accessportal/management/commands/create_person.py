"""`manage.py create_person`: a person of the plant, with a password said once."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accessportal.accounts.models import RoleGrant
from accessportal.accounts.services.staff import add_person_of_plant
from accessportal.errors import PortalError
from accessportal.plants.models import Site

PASSWORD_BYTES = 18  # 24 characters, to be changed by its owner


class Command(BaseCommand):
    help = "Make a person of the plant; the second factor is enrolled at the first sign-in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", required=True, choices=RoleGrant.Role.values)
        parser.add_argument(
            "--site", help="a site's short name; without it: every site"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        site = None
        if options["site"]:
            site = Site.objects.filter(slug=options["site"]).first()
            if site is None:
                known = (
                    ", ".join(Site.objects.values_list("slug", flat=True)) or "none yet"
                )
                raise CommandError(f"There is no site {options['site']!r} ({known}).")
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        try:
            validate_email(options["email"])
            user = add_person_of_plant(
                email=options["email"],
                full_name=options["name"],
                password=password,
                role=RoleGrant.Role(options["role"]),
                site=site,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except PortalError as error:
            raise CommandError(str(error.sentence)) from error
        self.stdout.write(
            f"{user.full_name} signs in as {user.email} with the password {password}\n"
            "It is shown only here. It can be changed at the first sign-in, under Your account."
        )
