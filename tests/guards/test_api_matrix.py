"""Every call for machines, with the token of everybody: own and other sites, own and other vendors.

A call without a line in `tests/guards/matrix_api.py` fails in `test_permission_matrix`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import ApiToken
from accessportal.accounts.services.api_tokens import MARK
from accessportal.audit.chain import seal_committed_events
from tests.guards.house import House, data_of
from tests.guards.house import house as build_house
from tests.guards.lines import ROLES
from tests.guards.matrix_api import CALLS, NORTH

pytestmark = [pytest.mark.django_db, pytest.mark.walk]

ANSWERS = {200: "yes", 202: "yes", 409: "yes", 403: "no", 404: "not_known"}
OF_NORTH = ("Filling line 3", "Fillwerk", "Vera Vogt", '"north"')


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), build_house() as built:
        seal_committed_events()  # only what is sealed is read by machines
        yield built


def call(house: House, name: str, owner: str, scopes: list[str], *sites: Any) -> Any:
    """The answer to a token that this owner has, however they came by it; nothing is kept."""
    line, prefix = CALLS[name].line, secrets.token_hex(4)
    text = f"{MARK}_{prefix}_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            name="x", owner=house.people[owner], scopes=scopes, prefix=prefix,
            secret_hash=hashlib.sha256(text.encode()).hexdigest(),
            expires_at=timezone.now() + timedelta(hours=1),
        )  # fmt: skip
        token.sites.set(sites)
        asks = getattr(Client(), line.method)
        sent = {"content_type": "application/json"} if line.method == "post" else {}
        response = asks(
            house.path(name, line),
            data_of(line, house.things),
            headers={"Authorization": f"Bearer {text}"},
            **sent,
        )
        transaction.set_rollback(True)
    return response


@pytest.mark.parametrize("name", sorted(CALLS))
def test_who_gets_what_by_token(name: str, house: House) -> None:
    scope, line = CALLS[name].scope, CALLS[name].line
    said = {role: call(house, name, role, [scope]) for role in ROLES}
    answers = {
        role: ANSWERS.get(one.status_code, str(one.status_code))
        for role, one in said.items()
    }
    assert answers == line.answers()
    if line.method == "get":
        shown = {
            role
            for role, one in said.items()
            if any(fact in one.content.decode() for fact in OF_NORTH)
        }
        assert shown <= set(NORTH.split())
        if name != "api:past_sessions":  # none of them is over
            assert shown >= {"ivan", "cora", "adam"} & set(line.yes.split())


@pytest.mark.parametrize("name", sorted(CALLS))
def test_each_call_takes_its_own_scope_and_its_own_site(
    name: str, house: House
) -> None:
    scope, line = CALLS[name].scope, CALLS[name].line
    others = [one for one in ApiToken.Scope.values if one != scope]
    refused = call(house, name, "ivan", others)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    elsewhere = call(house, name, "ivan", [scope], house.plant.south)
    if line.method == "post":
        assert elsewhere.json()["code"] == "site_not_of_token"
    else:
        assert elsewhere.status_code == 200
        text = elsewhere.content.decode()
        assert [fact for fact in OF_NORTH if fact in text] == []
