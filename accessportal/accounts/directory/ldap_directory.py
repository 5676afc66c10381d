"""LDAP and Active Directory, through python-ldap: look a person up, try the password, read groups.

The portal searches with a service account and binds as the person only to try the password.
python-ldap is an optional requirement (requirements-ldap.txt). This module runs in a process
of its own: `ldap_process` says why.
"""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ldap
from ldap.filter import escape_filter_chars

from accessportal.accounts.directory.configuration import LdapSettings
from accessportal.accounts.directory.people import (
    WRONG,
    DirectoryDown,
    DirectoryPerson,
    DirectoryRefused,
)

CONNECT_SECONDS = 3
ANSWER_SECONDS = 5
MAX_DEPTH = 10  # of groups in groups
MAX_GROUPS = 2000

# What servers say of a password that is wrong, or of an account that may not come in.
SAID_NO = (
    ldap.INVALID_CREDENTIALS,
    ldap.INVALID_DN_SYNTAX,
    ldap.NO_SUCH_OBJECT,
    ldap.INAPPROPRIATE_AUTH,
    ldap.INSUFFICIENT_ACCESS,
    ldap.UNWILLING_TO_PERFORM,
    ldap.CONSTRAINT_VIOLATION,
)


@dataclass(frozen=True)
class Entry:
    """One object of the directory; attribute values are bytes."""

    dn: str
    attributes: dict[str, list[bytes]]

    def text(self, name: str) -> str:
        """The first value of an attribute, its name compared without case."""
        return self.first(name).decode("utf-8", errors="replace")

    def first(self, name: str) -> bytes:
        for key, values in self.attributes.items():
            if key.casefold() == name.casefold() and values:
                return values[0]
        return b""


def check_password(of: LdapSettings, *, name: str, password: str) -> DirectoryPerson:
    """The person, when the password is right. Raises `DirectoryRefused` or `DirectoryDown`.

    An empty password is never sent: a server takes that for an anonymous bind and says yes.
    For an unknown name a bind is tried, too, so that the time of the answer tells nothing.
    """
    name = name.strip()
    if not name or not password or "\x00" in name + password:
        raise DirectoryRefused(WRONG, "empty")
    with connected(of) as service:
        entry = find(service, of, name)
        dn = entry.dn if entry is not None else f"cn={uuid.uuid4()},{of.base}"
        if not _password_is_right(of, dn, password) or entry is None:
            raise DirectoryRefused(WRONG, "password" if entry else "unknown")
        return person_of(of, entry, groups_of(service, of, entry.dn))


def look_up(of: LdapSettings, name: str) -> DirectoryPerson | None:
    """Who has this name, and the groups it would bring; nobody is signed in by it."""
    if not name.strip() or "\x00" in name:
        return None
    with connected(of) as service:
        entry = find(service, of, name.strip())
        if entry is None:
            return None
        return person_of(of, entry, groups_of(service, of, entry.dn))


def facts(of: LdapSettings) -> dict[str, Any]:
    """Whether the server answers and takes the service account. Raises `DirectoryDown`."""
    with connected(of) as service:
        return {"endpoint": of.url, "account": service.whoami_s().removeprefix("dn:")}


# --- Within -----------------------------------------------------------------------------


@contextmanager
def connected(of: LdapSettings) -> Iterator[Any]:
    """A connection with the service account; whatever goes wrong on it is `DirectoryDown`."""
    connection = None
    try:
        connection = _open(of)
        connection.simple_bind_s(of.bind_dn, of.bind_password)
        yield connection
    except ldap.LDAPError as error:
        raise DirectoryDown(_cause(error)) from error
    finally:
        _close(connection)


def _open(of: LdapSettings) -> Any:
    """A connection on which nobody is signed in, encrypted where that is asked for."""
    connection = ldap.initialize(of.url)
    for option, value in (
        (ldap.OPT_PROTOCOL_VERSION, 3),
        (ldap.OPT_REFERRALS, 0),
        (ldap.OPT_NETWORK_TIMEOUT, CONNECT_SECONDS),
        (ldap.OPT_TIMEOUT, ANSWER_SECONDS),
        (ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND),
    ):
        connection.set_option(option, value)
    authorities = of.ca_file or ssl.get_default_verify_paths().cafile
    if authorities:
        connection.set_option(ldap.OPT_X_TLS_CACERTFILE, authorities)
    connection.set_option(
        ldap.OPT_X_TLS_NEWCTX, 0
    )  # what stands above counts from here
    if of.starttls and not of.url.startswith("ldaps://"):
        connection.start_tls_s()
    return connection


def _close(connection: Any) -> None:
    try:
        if connection is not None:
            connection.unbind_ext_s()
    except ldap.LDAPError:
        pass  # it is gone already


def _password_is_right(of: LdapSettings, dn: str, password: str) -> bool:
    connection = None
    try:
        connection = _open(of)
        connection.simple_bind_s(dn, password)
        # Empty: the server took it for an anonymous bind.
        return bool(connection.whoami_s())
    except SAID_NO:
        return False
    finally:
        _close(connection)


def find(service: Any, of: LdapSettings, name: str) -> Entry | None:
    """The one entry of this name; none when there are several."""
    wanted = [of.subject_attribute, of.mail_attribute, of.name_attribute]
    text = of.user_filter.replace("{name}", escape_filter_chars(name))
    found = _search(service, of.base, text, wanted, limit=2)
    return found[0] if len(found) == 1 else None


def groups_of(service: Any, of: LdapSettings, dn: str) -> list[str]:
    """The distinguished names of the groups of `dn`, those of groups included."""
    found: dict[str, str] = {}
    wave = [dn]
    for _step in range(MAX_DEPTH if of.nested else 1):
        entries = _groups_with(service, of, wave)
        wave = [entry.dn for entry in entries if entry.dn.casefold() not in found]
        found |= {group.casefold(): group for group in wave}
        if not wave or len(found) >= MAX_GROUPS:
            break
    return sorted(found.values())


def _groups_with(service: Any, of: LdapSettings, members: Iterable[str]) -> list[Entry]:
    parts = [of.group_filter.replace("{dn}", escape_filter_chars(dn)) for dn in members]
    text = f"(|{''.join(parts)})"
    return _search(service, of.group_base or of.base, text, ["1.1"], limit=MAX_GROUPS)


def _search(
    service: Any, base: str, text: str, attributes: list[str], *, limit: int
) -> list[Entry]:
    try:
        found = service.search_ext_s(
            base,
            ldap.SCOPE_SUBTREE,
            text,
            attributes,
            timeout=ANSWER_SECONDS,
            sizelimit=limit,
        )
    except (ldap.SIZELIMIT_EXCEEDED, ldap.NO_SUCH_OBJECT):
        return []
    # What has no DN is a referral to another server, which nobody asked for.
    return [Entry(dn, attributes) for dn, attributes in found if dn]


def person_of(of: LdapSettings, entry: Entry, groups: list[str]) -> DirectoryPerson:
    """An entry in the portal's words. The plant alone writes its addresses: they count.

    Raises `DirectoryRefused` for an entry without the attribute that tells who it is.
    """
    raw = entry.first(of.subject_attribute)
    if not raw:
        raise DirectoryRefused(WRONG, f"no {of.subject_attribute}")
    by_guid = of.subject_attribute.casefold() == "objectguid" and len(raw) == 16
    return DirectoryPerson(
        namespace=of.namespace,
        subject=str(uuid.UUID(bytes_le=raw)) if by_guid else raw.decode()[:255],
        name=entry.dn,
        email=entry.text(of.mail_attribute),
        email_verified=True,
        full_name=entry.text(of.name_attribute),
        groups=tuple(groups),
    )


def _cause(error: ldap.LDAPError) -> str:
    """The error's own words; python-ldap gives them in a dictionary."""
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    words = [told.get("desc", ""), told.get("info", "")]
    return f"{type(error).__name__}: {', '.join(word for word in words if word)}"
