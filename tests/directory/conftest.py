"""Real directories for these tests: started once for each worker, on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as portal_settings
from pytest_django.fixtures import Settings

from accessportal.accounts.models import GroupMapping, User
from accessportal.plants.models import Site
from tests.directory.openid import BACK, Provider, running_provider

OLGAS_GROUP = "ot-north"


@pytest.fixture(scope="session")
def oidc_provider() -> Iterator[Provider]:
    with running_provider(f"{portal_settings.PUBLIC_URL}{BACK}") as provider:
        yield provider


@pytest.fixture
def provider(oidc_provider: Provider, settings: Settings) -> Provider:
    """The plant's directory is this provider; Olga and Omar are in it."""
    settings.DIRECTORY = oidc_provider.settings()
    oidc_provider.knows(olga=claims("olga"), omar=claims("omar"))
    return oidc_provider


def claims(first_name: str, *groups: str, **changed: Any) -> dict[str, Any]:
    """What the directory says of a person of the cast."""
    last_name = {"olga": "olsen", "omar": "ortega", "vera": "vogt", "nina": "new"}
    family = last_name[first_name]
    return {
        "name": f"{first_name.title()} {family.title()}",
        "email": f"{first_name}.{family}@example.test",
        "email_verified": True,
        "groups": list(groups or [OLGAS_GROUP]),
    } | changed


@pytest.fixture
def group_north(north: Site, adam: User) -> GroupMapping:
    """Whoever is in this group is OT supervisor at plant North."""
    return GroupMapping.objects.create(
        group=OLGAS_GROUP, role="ot_supervisor", site=north, mapped_by=adam
    )


@pytest.fixture
def roles_of() -> Callable[[User], set[tuple[str, str, str]]]:
    """`roles_of(olga)`: role, site and where it comes from."""

    def roles(user: User) -> set[tuple[str, str, str]]:
        return {
            (grant.role, grant.site.slug if grant.site else "", grant.source)
            for grant in user.role_grants.select_related("site")
        }

    return roles
