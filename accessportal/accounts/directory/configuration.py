"""The plant's directory as `PORTAL_OIDC_*` or `PORTAL_LDAP_*` describe it.

Read by the settings, so nothing here may import a model. A plant has one directory: whoever
federates several does it in the provider, not here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

YES = {"1", "true", "yes"}
NO = {"0", "false", "no", ""}


@dataclass(frozen=True)
class OpenIdSettings:
    """An OpenID Connect provider: Keycloak, Entra ID, ADFS or another that is certified.

    groups_claim may be a path (`realm_access.roles`). mail_trusted: the plant alone writes
    the provider's mail addresses, so that they count as verified without `email_verified`.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: str = "openid email profile"
    mail_claim: str = "email"
    name_claim: str = "name"
    groups_claim: str = "groups"
    mail_trusted: bool = False
    label: str = ""
    ca_file: str = ""
    proxy: str = ""
    kind: ClassVar[str] = "OpenID Connect"

    @property
    def namespace(self) -> str:
        """What makes a subject unique in the world: the issuer."""
        return self.issuer

    @property
    def server(self) -> str:
        return urlsplit(self.issuer).hostname or self.issuer


@dataclass(frozen=True)
class LdapSettings:
    """An LDAP server or an Active Directory.

    url: one or several, separated by spaces; libldap takes the first that answers. In the
    filters, {name} is what the person typed and {dn} the distinguished name of a person or
    group, both escaped. nested: whether groups of groups are looked up here, step by step;
    an Active Directory does it itself (LDAP_MATCHING_RULE_IN_CHAIN).
    """

    url: str
    base: str
    bind_dn: str = ""
    bind_password: str = field(default="", repr=False)
    starttls: bool = True
    ca_file: str = ""
    user_filter: str = "(&(objectClass=inetOrgPerson)(|(uid={name})(mail={name})))"
    group_base: str = ""
    group_filter: str = "(|(member={dn})(uniqueMember={dn}))"
    nested: bool = True
    subject_attribute: str = "entryUUID"
    mail_attribute: str = "mail"
    name_attribute: str = "cn"
    label: str = ""
    kind: ClassVar[str] = "LDAP"

    @property
    def namespace(self) -> str:
        """The base stays when a server is replaced; the ids below it are unique."""
        return f"ldap:{self.base.casefold()}"

    @property
    def server(self) -> str:
        return ", ".join(urlsplit(url).hostname or url for url in self.url.split())


DirectorySettings = OpenIdSettings | LdapSettings

# What differs in an Active Directory. The user filter leaves disabled accounts out
# (userAccountControl bit 2); the group filter follows groups of groups in the server.
ACTIVE_DIRECTORY = {
    "user_filter": (
        "(&(objectCategory=person)(objectClass=user)"
        "(!(userAccountControl:1.2.840.113556.1.4.803:=2))"
        "(|(sAMAccountName={name})(userPrincipalName={name})(mail={name})))"
    ),
    "group_filter": "(member:1.2.840.113556.1.4.1941:={dn})",
    "subject_attribute": "objectGUID",
    "name_attribute": "displayName",
}


def directory_from(
    read: Callable[[str, str], str], *, keys_dir: Path
) -> DirectorySettings | None:
    """The directory that the settings describe; None: people sign in with passwords here.

    read: gives the text of `PORTAL_<name>`, or the default. Secrets come from the key files
    `oidc_client_secret` and `ldap_bind_password` where no variable names them.
    Raises `ImproperlyConfigured` for two directories or half of one.
    """
    settings = _Reader(read, keys_dir)
    by_open_id, by_ldap = settings("OIDC_ISSUER"), settings("LDAP_URL")
    if by_open_id and by_ldap:
        raise ImproperlyConfigured(
            "Set PORTAL_OIDC_ISSUER or PORTAL_LDAP_URL, not both: a plant has one directory."
        )
    if by_open_id:
        return _open_id(settings)
    return _ldap(settings) if by_ldap else None


class _Reader:
    def __init__(self, read: Callable[[str, str], str], keys_dir: Path) -> None:
        self.read = read
        self.keys_dir = keys_dir

    def __call__(self, name: str, default: str = "") -> str:
        return self.read(name, default).strip()

    def needed(self, name: str) -> str:
        value = self(name)
        if not value:
            raise ImproperlyConfigured(f"The directory needs PORTAL_{name}.")
        return value

    def yes(self, name: str, default: bool) -> bool:
        value = self(name, "1" if default else "0").lower()
        if value not in YES | NO:
            raise ImproperlyConfigured(f"PORTAL_{name} must be 1 or 0, not {value!r}.")
        return value in YES

    def secret(self, name: str) -> str:
        path = self.keys_dir / name.lower()
        kept = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        return self(name) or kept


def _open_id(read: _Reader) -> OpenIdSettings:
    return OpenIdSettings(
        issuer=read("OIDC_ISSUER"),
        client_id=read.needed("OIDC_CLIENT_ID"),
        client_secret=read.secret("OIDC_CLIENT_SECRET"),
        scopes=read("OIDC_SCOPES", OpenIdSettings.scopes),
        mail_claim=read("OIDC_MAIL_CLAIM", OpenIdSettings.mail_claim),
        name_claim=read("OIDC_NAME_CLAIM", OpenIdSettings.name_claim),
        groups_claim=read("OIDC_GROUPS_CLAIM", OpenIdSettings.groups_claim),
        mail_trusted=read.yes("OIDC_MAIL_TRUSTED", default=False),
        label=read("OIDC_LABEL"),
        ca_file=read("OIDC_CA_FILE"),
        proxy=read("OIDC_PROXY"),
    )


def _ldap(read: _Reader) -> LdapSettings:
    active_directory = read.yes("LDAP_ACTIVE_DIRECTORY", default=False)
    usual = ACTIVE_DIRECTORY if active_directory else {}

    def setting(name: str) -> str:
        fallback = usual.get(name, getattr(LdapSettings, name))
        return read(f"LDAP_{name.upper()}", fallback)

    base = read.needed("LDAP_BASE")
    return LdapSettings(
        url=read("LDAP_URL"),
        base=base,
        bind_dn=read.needed("LDAP_BIND_DN"),
        bind_password=read.secret("LDAP_BIND_PASSWORD"),
        starttls=read.yes("LDAP_STARTTLS", default=True),
        ca_file=read("LDAP_CA_FILE"),
        user_filter=setting("user_filter"),
        group_base=read("LDAP_GROUP_BASE", base),
        group_filter=setting("group_filter"),
        nested=read.yes("LDAP_NESTED", default=not active_directory),
        subject_attribute=setting("subject_attribute"),
        mail_attribute=setting("mail_attribute"),
        name_attribute=setting("name_attribute"),
        label=read("LDAP_LABEL"),
    )
