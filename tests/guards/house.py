"""The house that the tables ask: everybody signed in, and one of each thing; made once a module.

Everything lives in one transaction that is thrown away at the end; what a request changes is
undone at once. So a line of the table costs its requests, and not a new plant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from accessportal.accounts.models import User
from tests.cast import Plant, make_person, make_plant, signed_in
from tests.guards.lines import COORDINATING, ROLES, Line
from tests.guards.things import make_things

# A factor does not stay fresh for as long as a module may take on a slow machine.
FRESH_ALL_THE_TIME = override_settings(FRESH_FACTOR_SECONDS=86_400)


@dataclass
class House:
    """The plant, its things by the names that the lines use, and the people's cookies."""

    plant: Plant
    things: dict[str, Any]
    people: dict[str, User]
    cookies: dict[str, str] = field(default_factory=dict)

    def browser(self, role: str) -> Client:
        """A new browser in which `role` is signed in; "nobody" is not."""
        client = Client()
        if role in self.cookies:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.cookies[role]
        return client

    def sign_in(self, role: str, person: User) -> None:
        client = signed_in(Client(), person)
        # The module may take longer than a web session of its people lasts; and a use that is
        # noted is undone with the request, and would be noted again by each.
        long = timezone.now() + timedelta(days=1)
        person.web_sessions.update(idle_at=long, expires_at=long, last_seen_at=long)
        self.people[role] = person
        self.cookies[role] = client.cookies[settings.SESSION_COOKIE_NAME].value

    @contextmanager
    def for_now(self) -> Iterator[None]:
        """Whoever signs in is forgotten, and whatever is done undone."""
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    def path(self, name: str, line: Line, things: dict[str, Any] | None = None) -> str:
        named = things or self.things
        return reverse(name, args=[named[thing] for thing in line.args.split()])


@contextmanager
def house() -> Iterator[House]:
    """Build it in a transaction of its own, and throw that away."""
    with FRESH_ALL_THE_TIME, transaction.atomic():
        plant = make_plant()
        built = House(plant, make_things(plant), people={})
        for role in ROLES:
            built.sign_in(
                role,
                make_person("Vito Vogel", vendor=plant.fillwerk)
                if role == "vito"
                else getattr(plant, role),
            )
        built.sign_in(
            COORDINATING,
            make_person(
                "Carla Corte", vendor=plant.fillwerk, coordinator_at=timezone.now()
            ),
        )
        yield built
        transaction.set_rollback(True)


def ask(
    browser: Client,
    path: str,
    method: str = "get",
    data: dict[str, str] | None = None,
    **headers: Any,
) -> Any:
    """The answer to a request; whatever it changed is undone."""
    with transaction.atomic():
        response = getattr(browser, method)(path, data or {}, **headers)
        transaction.set_rollback(True)
    return response


def data_of(line: Line, things: dict[str, Any]) -> dict[str, str]:
    return {field: value.format(**things) for field, value in line.data}
