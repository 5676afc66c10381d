"""Employees come in through a real OpenID Connect provider, and keep the portal's own factor."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as portal_settings
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accessportal.accounts.models import (
    AuthenticatorApp,
    DirectoryIdentity,
    GroupMapping,
    User,
)
from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Site
from tests.accounts.steps import CODE, code_of, is_signed_in, refusal, type_code
from tests.directory.conftest import claims
from tests.directory.openid import BACK, START, Provider, through_provider

pytestmark = pytest.mark.django_db

Roles = Callable[[User], set[tuple[str, str, str]]]


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("event", flat=True))


def test_olga_is_linked_once_and_asked_for_her_own_factor(
    provider: Provider, group_north: GroupMapping, client: Client, olga: User
) -> None:
    answer = through_provider(client, provider, "olga")
    assert answer.status_code == 302 and answer.url == CODE
    assert SESSION_KEY not in client.session
    assert not is_signed_in(client)
    assert type_code(client, code_of(olga)).url == "/"
    assert is_signed_in(client)
    identity = DirectoryIdentity.objects.get(user=olga)
    assert (identity.namespace, identity.subject) == (provider.url, "olga")
    assert "directory.linked" in events()

    again = Client()
    through_provider(again, provider, "olga")
    assert events().count("directory.linked") == 1


def test_a_shared_computer_is_still_one_after_the_way_to_the_provider(
    provider: Provider, group_north: GroupMapping, client: Client, olga: User
) -> None:
    door = client.get("/accounts/login/?next=/requests/").content.decode()
    # Without scripts nothing carries the box: there is a link of its own.
    without = re.search(rf'<noscript><a [^>]*href="({START}[^"]*)"', door)
    assert without is not None
    begun = client.get(unescape(without[1]))
    assert client.get(provider.comes_back(begun.url, "olga")).url == CODE
    type_code(client, code_of(olga))
    assert is_signed_in(client) and client.session["shared_computer"]


def test_it_is_a_code_flow_with_pkce_state_and_nonce(
    provider: Provider, client: Client
) -> None:
    answer = client.get(START)
    asked = {
        name: value[0] for name, value in parse_qs(urlsplit(answer.url).query).items()
    }
    assert asked["response_type"] == "code"
    assert (
        asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    )
    assert len(asked["state"]) >= 20 and len(asked["nonce"]) >= 20
    assert asked["redirect_uri"] == f"{portal_settings.PUBLIC_URL}{BACK}"
    kept = client.session["directory_begun"]
    assert asked["state"] == kept["state"] and asked["nonce"] == kept["nonce"]
    assert kept["code_verifier"] not in answer.url


def test_somebody_new_joins_by_group_and_sets_up_a_factor(
    provider: Provider, group_north: GroupMapping, client: Client, roles_of: Roles
) -> None:
    provider.knows(nina=claims("nina"))
    answer = through_provider(client, provider, "nina")
    assert answer.url == "/accounts/enrol/"
    assert client.get("/accounts/enrol/").status_code == 200
    assert not is_signed_in(client)
    nina = User.objects.get(email="nina.new@example.test")
    assert nina.full_name == "Nina New" and nina.vendor is None
    assert not nina.has_usable_password()
    assert roles_of(nina) == {("ot_supervisor", "north", "directory")}
    assert {"account.created", "directory.linked", "role.granted"} <= set(events())


def test_roles_follow_the_groups_and_those_given_by_hand_stay(
    provider: Provider,
    group_north: GroupMapping,
    client: Client,
    olga: User,
    south: Site,
    roles_of: Roles,
) -> None:
    GroupMapping.objects.create(group="OT-South", role="ot_supervisor", site=south)
    GroupMapping.objects.create(group="auditors", role="compliance")
    by_hand = ("ot_supervisor", "north", "hand")
    assert roles_of(olga) == {by_hand}

    provider.knows(olga=claims("olga", "ot-north", "ot-south", "canteen"))
    through_provider(client, provider, "olga")
    assert roles_of(olga) == {by_hand, ("ot_supervisor", "south", "directory")}

    provider.knows(olga=claims("olga", "auditors"))
    through_provider(client, provider, "olga")
    assert roles_of(olga) == {by_hand, ("compliance", "", "directory")}
    assert events().count("role.revoked") == 1


def test_without_a_group_nobody_comes_in_and_the_roles_go(
    provider: Provider,
    group_north: GroupMapping,
    client: Client,
    roles_of: Roles,
) -> None:
    provider.knows(nina=claims("nina"))
    through_provider(client, provider, "nina")
    nina = User.objects.get(email="nina.new@example.test")
    provider.knows(nina=claims("nina", "canteen"))
    answer = through_provider(Client(), provider, "nina")
    assert answer.status_code == 422
    assert "none of your groups has a role" in refusal(answer)
    assert roles_of(nina) == set()
    assert events()[-1] == "directory.refused"


def test_a_stranger_without_a_group_leaves_no_account(
    provider: Provider, group_north: GroupMapping, client: Client
) -> None:
    provider.knows(nina=claims("nina", "canteen"))
    assert through_provider(client, provider, "nina").status_code == 422
    assert not User.objects.filter(email="nina.new@example.test").exists()


def test_an_address_that_is_not_verified_links_to_nobody(
    provider: Provider, group_north: GroupMapping, client: Client, olga: User
) -> None:
    provider.knows(olga=claims("olga", email_verified=False))
    answer = through_provider(client, provider, "olga")
    assert "does not confirm your e-mail address" in refusal(answer)
    assert not DirectoryIdentity.objects.exists()


def test_a_provider_whose_addresses_the_plant_writes_may_be_trusted(
    provider: Provider,
    group_north: GroupMapping,
    client: Client,
    olga: User,
    settings: Settings,
) -> None:
    """Entra ID and ADFS send no `email_verified`."""
    settings.DIRECTORY = provider.settings(mail_trusted=True)
    provider.knows(olga=claims("olga", email_verified=False))
    assert through_provider(client, provider, "olga").url == CODE


def test_who_came_before_is_known_by_the_id_whatever_the_address_is(
    provider: Provider, group_north: GroupMapping, client: Client, olga: User
) -> None:
    through_provider(client, provider, "olga")
    provider.knows(
        olga=claims("olga", email="olga.married@example.test", email_verified=False)
    )
    through_provider(client, provider, "olga")
    assert type_code(client, code_of(olga)).status_code == 302


def test_another_account_with_the_same_address_is_not_linked_too(
    provider: Provider, group_north: GroupMapping, client: Client, olga: User
) -> None:
    through_provider(client, provider, "olga")
    provider.knows(omar=claims("olga"))
    answer = through_provider(Client(), provider, "omar")
    assert "already linked" in refusal(answer)
    assert DirectoryIdentity.objects.get().subject == "olga"


def test_a_vendors_person_never_comes_in_by_the_plants_directory(
    provider: Provider,
    group_north: GroupMapping,
    client: Client,
    vera: User,
    roles_of: Roles,
) -> None:
    provider.knows(vera=claims("vera"))
    answer = through_provider(client, provider, "vera")
    assert "service company" in refusal(answer)
    assert roles_of(vera) == set() and not DirectoryIdentity.objects.exists()


def test_a_disabled_person_stays_disabled(
    provider: Provider, group_north: GroupMapping, client: Client, olga: User
) -> None:
    through_provider(client, provider, "olga")
    olga.disabled_at = timezone.now()
    olga.save()
    answer = through_provider(Client(), provider, "olga")
    assert "has ended" in refusal(answer)


def test_who_is_refused_by_the_provider_is_told_so(
    provider: Provider, group_north: GroupMapping, client: Client
) -> None:
    answer = through_provider(client, provider, "nobody")
    assert answer.status_code == 422 and "did not sign you in" in refusal(answer)
    assert events()[-1] == "auth.login.failed"


def test_a_path_leads_to_groups_inside_a_claim(
    provider: Provider,
    group_north: GroupMapping,
    client: Client,
    settings: Settings,
    olga: User,
) -> None:
    """Keycloak's realm roles; and one group as a text, as ADFS sends it."""
    settings.DIRECTORY = provider.settings(groups_claim="groups.of_the_realm")
    provider.knows(olga=claims("olga") | {"groups": {"of_the_realm": "OT-NORTH"}})
    assert through_provider(client, provider, "olga").url == CODE


def test_the_next_page_survives_the_way_and_never_leads_out(
    provider: Provider, group_north: GroupMapping, olga: User
) -> None:
    for wanted, arrived in (("/account/", "/account/"), ("//evil.example/", "/")):
        client = Client()
        begun = client.get(START, {"next": wanted})
        client.get(provider.comes_back(begun.url, "olga"))
        AuthenticatorApp.objects.update(last_t=-1)
        assert type_code(client, code_of(olga)).url == arrived


def test_without_a_directory_there_is_no_such_door(client: Client, db: None) -> None:
    assert client.get(START).status_code == 404
    assert client.get(BACK).status_code == 404
    assert b"directory" not in client.get("/accounts/login/").content
