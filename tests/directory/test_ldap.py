"""Employees come in with the name and password of a real LDAP server, and their own factor."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client
from pytest_django.fixtures import Settings

from accessportal.accounts.directory import ldap_directory, ldap_process
from accessportal.accounts.directory.people import DirectoryDown, DirectoryRefused
from accessportal.accounts.models import DirectoryIdentity, GroupMapping, User
from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Site
from tests.accounts.steps import (
    CODE,
    SIGN_IN,
    code_of,
    is_signed_in,
    refusal,
    type_code,
    type_password,
)
from tests.directory.ldap_server import BASE, Server, running_server
from tests.directory.openid import START

pytestmark = pytest.mark.django_db

Roles = Callable[[User], set[tuple[str, str, str]]]


@pytest.fixture(scope="module")
def ldap_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("ldap")) as server:
        yield server


@pytest.fixture
def server(ldap_server: Server, settings: Settings, north: Site) -> Server:
    """The plant's directory is this server; its group ot-north looks after plant North."""
    settings.DIRECTORY = ldap_server.settings()
    GroupMapping.objects.create(
        group=f"CN=OT-North, ou=groups,{BASE}", role="ot_supervisor", site=north
    )
    return ldap_server


def types(client: Client, name: str, password: str | None = None) -> Any:
    """Name and password on the page of the directory."""
    password = f"{name} of the plant" if password is None else password
    return client.post(START, {"name": name, "password": password})


def test_olga_comes_in_with_the_plants_password_and_her_own_factor(
    server: Server, client: Client, olga: User, roles_of: Roles
) -> None:
    assert client.get(START).status_code == 200
    answer = types(client, "olga")
    assert answer.status_code == 302 and answer.url == CODE
    assert SESSION_KEY not in client.session
    assert type_code(client, code_of(olga)).url == "/"
    assert is_signed_in(client)
    identity = DirectoryIdentity.objects.get(user=olga)
    assert identity.namespace == f"ldap:{BASE}" and len(identity.subject) == 36
    assert identity.name == f"uid=olga,ou=people,{BASE}"


def test_a_shared_computer_is_said_on_this_page_too(
    server: Server, client: Client, olga: User
) -> None:
    door = f"{START}?shared=on"
    assert "checked" in client.get(door).content.decode()
    assert "checked" not in client.get(START).content.decode()
    said = {"name": "olga", "password": "olga of the plant", "shared": "on"}
    assert client.post(START, said).url == CODE
    type_code(client, code_of(olga))
    assert is_signed_in(client) and client.session["shared_computer"]


def test_the_name_may_be_the_address_and_case_does_not_matter(
    server: Server, olga: User
) -> None:
    for name in ("OLGA", "Olga.Olsen@Example.test", " olga "):
        assert types(Client(), name, "olga of the plant").url == CODE


def test_nina_is_new_and_has_her_role_by_group_until_she_leaves_it(
    server: Server, client: Client, roles_of: Roles
) -> None:
    assert types(client, "nina").url == "/accounts/enrol/"
    nina = User.objects.get(email="nina.new@example.test")
    assert roles_of(nina) == {("ot_supervisor", "north", "directory")}
    server.change_group("ot-north", "uid=olga,ou=people")
    try:
        answer = types(Client(), "nina")
        assert answer.status_code == 422
        assert "none of your groups" in refusal(answer)
        assert roles_of(nina) == set()
    finally:
        server.change_group("ot-north", "uid=olga,ou=people", "uid=nina,ou=people")


def test_groups_of_groups_count_and_loops_end(ldap_server: Server) -> None:
    found = ldap_directory.look_up(ldap_server.settings(), "olga")
    assert found is not None
    names = {dn.partition(",")[0] for dn in found.groups}
    assert names == {"cn=ot-north", "cn=everybody", "cn=loop-a", "cn=loop-b"}
    flat = ldap_directory.look_up(ldap_server.settings(nested=False), "olga")
    assert flat is not None
    assert {dn.partition(",")[0] for dn in flat.groups} == {"cn=ot-north", "cn=loop-a"}


def test_unknown_and_wrong_get_the_same_answer_and_the_same_work(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = types(Client(), "olga", "not the password")
    unknown = types(Client(), "nobody", "not the password")
    assert wrong.status_code == unknown.status_code == 422
    assert refusal(wrong) == refusal(unknown)
    assert AuditEvent.objects.filter(event="auth.login.failed").count() == 2

    tried = []
    real = ldap_directory._password_is_right
    monkeypatch.setattr(
        ldap_directory,
        "_password_is_right",
        lambda of, dn, password: (tried.append(dn), real(of, dn, password))[1],
    )
    for name in ("olga", "nobody"):
        with pytest.raises(DirectoryRefused):
            ldap_directory.check_password(
                server.settings(), name=name, password="not the password"
            )
    assert len(tried) == 2


def test_an_empty_password_is_never_sent(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This server takes it for an anonymous bind and says yes."""
    assert types(client, "olga", "").status_code == 422
    settings = server.settings()
    for password in ("", "\x00", "olga of the plant\x00"):
        with pytest.raises(DirectoryRefused):
            ldap_directory.check_password(settings, name="olga", password=password)
    # And if it were sent all the same:
    dn = f"uid=olga,ou=people,{BASE}"
    assert not ldap_directory._password_is_right(settings, dn, "")
    assert ldap_directory._password_is_right(settings, dn, "olga of the plant")


@pytest.mark.parametrize(
    "name",
    [
        "*",
        "olg*",
        "olga)(uid=*",
        "*)(|(uid=*",
        "olga)(!(uid=x))",
        "olga\\2a",
        "\\6flga",
        "ol\x00ga",
        ")(objectClass=*",
        "x" * 254,
    ],
)
def test_a_name_is_a_name_and_no_filter(server: Server, name: str) -> None:
    assert ldap_directory.look_up(server.settings(), name) is None
    assert types(Client(), name, "olga of the plant").status_code == 422


def test_odd_names_are_found_all_the_same(ldap_server: Server) -> None:
    found = ldap_directory.look_up(ldap_server.settings(), "o(m)a*r\\")
    assert found is not None and found.full_name == "Odd Name"


def test_who_is_not_one_person_is_nobody(ldap_server: Server) -> None:
    settings = ldap_server.settings()
    assert ldap_directory.look_up(settings, "twin@example.test") is None
    assert ldap_directory.look_up(settings, "twin1") is not None


def test_a_vendors_person_never_comes_in_by_it(
    server: Server, client: Client, vera: User
) -> None:
    server.change_group("canteen", "uid=vera,ou=people")
    GroupMapping.objects.create(group=f"cn=canteen,ou=groups,{BASE}", role="compliance")
    assert "service company" not in Client().get(START).content.decode()
    answer = types(client, "vera")
    assert answer.status_code == 422 and SESSION_KEY not in client.session
    assert not vera.role_grants.exists()
    server.change_group("canteen", "uid=omar,ou=people")


def test_guessing_is_locked_out_and_only_for_that_name(
    server: Server, client: Client, olga: User, vera: User
) -> None:
    for _attempt in range(4):
        assert types(client, "olga", "wrong").status_code == 422
    assert types(client, "olga", "wrong").status_code == 429
    assert types(client, "olga").status_code == 429
    assert types(client, "nina").status_code == 302
    assert type_password(Client(), vera).url == CODE
    assert AuditEvent.objects.filter(event="auth.login.locked").exists()


def test_the_local_password_does_not_work_beside_it(
    server: Server, client: Client, olga: User
) -> None:
    assert type_password(client, olga).status_code == 422


# --- Encryption -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["starttls", "ldaps", "clear on loopback"])
def test_encrypted_in_both_ways(ldap_server: Server, kind: str) -> None:
    settings = ldap_server.settings(
        url=ldap_server.tls_url if kind == "ldaps" else ldap_server.url,
        starttls=kind == "starttls",
    )
    assert ldap_directory.look_up(settings, "olga") is not None


@pytest.mark.parametrize("kind", ["starttls", "ldaps"])
def test_a_server_with_a_certificate_of_nobody_we_know_gets_no_password(
    ldap_server: Server, kind: str
) -> None:
    settings = ldap_server.settings(
        url=ldap_server.tls_url if kind == "ldaps" else ldap_server.url, ca_file=""
    )
    with pytest.raises(DirectoryDown):
        ldap_directory.look_up(settings, "olga")


# --- A server that is down or hangs ----------------------------------------------------


@pytest.fixture
def mute() -> Iterator[int]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held: list[socket.socket] = []
        threading.Thread(target=_hold, args=(listening, held), daemon=True).start()
        yield listening.getsockname()[1]
        for connection in held:
            connection.close()


def _hold(listening: socket.socket, held: list[socket.socket]) -> None:
    try:
        while True:
            held.append(listening.accept()[0])
    except OSError:
        return


@pytest.mark.parametrize("scheme", ["ldap", "ldaps", "starttls"])
def test_a_server_that_says_nothing_is_given_up_soon(
    ldap_server: Server, mute: int, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libldap itself never gives up on a mute ldaps:// server; the process is ended."""
    monkeypatch.setattr(ldap_process, "WHOLE_SECONDS", 6.0)
    settings = ldap_server.settings(
        url=f"{scheme.replace('starttls', 'ldap')}://127.0.0.1:{mute}",
        starttls=scheme == "starttls",
    )
    began = time.monotonic()
    with pytest.raises(DirectoryDown):
        ldap_process.look_up(settings, "olga")
    assert time.monotonic() - began < 60


def test_a_dead_server_is_said_on_the_sign_in_page(
    server: Server, client: Client, settings: Settings, vera: User
) -> None:
    settings.DIRECTORY = server.settings(url="ldap://127.0.0.1:1", starttls=False)
    answer = types(client, "olga")
    assert answer.status_code == 302 and answer.url.startswith(SIGN_IN)
    assert (
        "directory of the plant does not answer" in client.get(SIGN_IN).content.decode()
    )
    assert type_password(client, vera).url == CODE


def test_a_service_account_that_is_refused_is_the_directorys_failure(
    ldap_server: Server, tmp_path: Path
) -> None:
    settings = ldap_server.settings(bind_password="changed yesterday")
    with pytest.raises(DirectoryDown) as caught:
        ldap_directory.check_password(
            settings, name="olga", password="olga of the plant"
        )
    assert "INVALID_CREDENTIALS" in caught.value.cause


# --- The page "Test the directory" ------------------------------------------------------


def test_adam_sees_what_a_person_would_bring_without_signing_them_in(
    server: Server, browser_of: Callable[..., Client], adam: User
) -> None:
    browser = browser_of(adam)
    page = browser.post("/directory/test/", {"name": "nina"}).content.decode()
    assert "Nina New" in page and "OT supervisor" in page and "Plant North" in page
    assert "cn=everybody" in page and "not linked yet" in page
    assert not User.objects.filter(email="nina.new@example.test").exists()
    assert AuditEvent.objects.filter(event="directory.tested").count() == 1
    unknown = browser.post("/directory/test/", {"name": "no)(body"}).content.decode()
    assert "Nobody of this name was found" in unknown
    none = browser.post("/directory/test/", {"name": "omar"}).content.decode()
    assert "None: would be refused" in none


def test_adam_sees_why_it_is_down(
    server: Server, browser_of: Callable[..., Client], adam: User, settings: Settings
) -> None:
    settings.DIRECTORY = server.settings(url="ldap://127.0.0.1:1", starttls=False)
    page = browser_of(adam).post("/directory/test/").content.decode()
    assert "does not answer as it should" in page and "SERVER_DOWN" in page
