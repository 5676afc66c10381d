"""The house that the tables ask: everybody signed in, and one of each thing; made once a module.

Everything lives in one transaction that is thrown away at the end; what a request changes is
undone at once. So a line of the table costs its requests, and not a new plant.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accessportal.accounts.models import User
from tests.cast import Plant, make_person, make_plant, signed_in
from tests.guards.lines import COORDINATING, ROLES, Line
from tests.guards.things import make_things

FRESH_FOR_SECONDS = 60


@dataclass
class House:
    """The plant, its things by the names that the lines use, and the people's cookies."""

    plant: Plant
    things: dict[str, Any]
    people: dict[str, User]
    cookies: dict[str, str] = field(default_factory=dict)
    fresh_at: dict[str, float] = field(default_factory=dict)

    def browser(self, role: str) -> Client:
        """A new browser in which `role` is signed in; "nobody" is not."""
        client = Client()
        if role in self.cookies:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.cookies[role]
            self._keep_fresh(role, client)
        return client

    def _keep_fresh(self, role: str, client: Client) -> None:
        """A factor does not stay fresh for as long as a module may take."""
        now = time.time()
        if now - self.fresh_at.get(role, 0) < FRESH_FOR_SECONDS:
            return
        web_session = client.session
        web_session["factor_at"] = now
        web_session.save()
        self.fresh_at[role] = now

    def sign_in(self, role: str, person: User) -> None:
        client = signed_in(Client(), person)
        # The module may take longer than a web session of its people lasts; and a use that is
        # noted is undone with the request, and would be noted again by each.
        long = timezone.now() + timedelta(days=1)
        person.web_sessions.update(idle_at=long, expires_at=long, last_seen_at=long)
        self.people[role] = person
        self.fresh_at.pop(role, None)
        self.cookies[role] = client.cookies[settings.SESSION_COOKIE_NAME].value

    @contextmanager
    def for_now(self) -> Iterator[None]:
        """Whoever signs in is forgotten, and whatever is done undone: web sessions, too, so
        that nobody counts as fresh by what was noted here."""
        fresh_at = dict(self.fresh_at)
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        self.fresh_at = fresh_at

    def path(self, name: str, line: Line, things: dict[str, Any] | None = None) -> str:
        named = things or self.things
        return reverse(name, args=[named[thing] for thing in line.args.split()])


@contextmanager
def house() -> Iterator[House]:
    """Build it in a transaction of its own, and throw that away."""
    with transaction.atomic():
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
