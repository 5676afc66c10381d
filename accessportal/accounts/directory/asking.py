"""One question, whichever directory the plant has; each answer says whether it is up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from accessportal.accounts.directory import ldap_process, open_id
from accessportal.accounts.directory.configuration import (
    DirectorySettings,
    LdapSettings,
    OpenIdSettings,
)
from accessportal.accounts.directory.people import DirectoryDown, DirectoryPerson
from accessportal.accounts.directory.status import note_down, note_up, spare_a_dead_one


@contextmanager
def noticing(*, patient: bool = False) -> Iterator[None]:
    """Remember whether the directory answered. `patient`: ask even one that did not just now."""
    if not patient:
        spare_a_dead_one()
    try:
        yield
    except DirectoryDown as error:
        note_down(error)
        raise
    note_up()


def begin_at_provider(of: OpenIdSettings, **hints: str) -> tuple[str, dict[str, Any]]:
    """Where to send the browser, and what to keep. Raises `DirectoryDown`."""
    with noticing():
        return open_id.begin(of, **hints)


def complete_at_provider(
    of: OpenIdSettings, answer: Mapping[str, str], begun: dict[str, Any] | None
) -> DirectoryPerson:
    """Who came back. Raises `DirectoryRefused` or `DirectoryDown`."""
    with noticing(patient=True):
        return open_id.complete(of, answer, begun)


def check_at_server(of: LdapSettings, *, name: str, password: str) -> DirectoryPerson:
    """Whose name and password these are. Raises `DirectoryRefused` or `DirectoryDown`."""
    with noticing():
        return ldap_process.check_password(of, name=name, password=password)


def look_up(of: LdapSettings, name: str) -> DirectoryPerson | None:
    """Who has this name, without a password. Raises `DirectoryDown`."""
    with noticing(patient=True):
        return ldap_process.look_up(of, name)


def facts_of(of: DirectorySettings) -> dict[str, Any]:
    """What can be reached, asked now. Raises `DirectoryDown`."""
    with noticing(patient=True):
        if isinstance(of, OpenIdSettings):
            return open_id.facts(of)
        return ldap_process.facts(of)
