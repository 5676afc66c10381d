"""Mistakes in the directory's settings, found before somebody signs in by them."""

from __future__ import annotations

import importlib.util
import ipaddress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from accessportal.accounts.directory.configuration import LdapSettings, OpenIdSettings
from accessportal.accounts.directory.open_id import may_be_called


@register()
def check_directory(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    of = settings.DIRECTORY
    if isinstance(of, OpenIdSettings):
        return [*_ca_file("OIDC", of.ca_file), *_open_id(of)]
    if isinstance(of, LdapSettings):
        return [*_ca_file("LDAP", of.ca_file), *_ldap(of)]
    return []


def _open_id(of: OpenIdSettings) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not may_be_called(of.issuer):
        found.append(
            Error(
                f"PORTAL_OIDC_ISSUER must be an https:// address, not {of.issuer!r}.",
                hint="http:// is taken for a provider on this machine only.",
                id="portal.E020",
            )
        )
    if "openid" not in of.scopes.split():
        found.append(
            Error(
                "PORTAL_OIDC_SCOPES must contain openid.",
                hint="Without it the provider sends no proof of who somebody is.",
                id="portal.E021",
            )
        )
    if not of.client_secret:
        found.append(
            Warning(
                "There is no key file oidc_client_secret.",
                hint=f"Put the client's secret into {settings.KEYS_DIR} (chmod 600), unless "
                "the provider knows the portal as a public client.",
                id="portal.W020",
            )
        )
    return found


def _ldap(of: LdapSettings) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if importlib.util.find_spec("ldap") is None:
        found.append(
            Error(
                "PORTAL_LDAP_URL is set, but python-ldap is not installed.",
                hint="./portal setup ldap",
                id="portal.E022",
            )
        )
    for url in of.url.split():
        parts = urlsplit(url)
        if parts.scheme not in {"ldap", "ldaps"} or not parts.hostname:
            found.append(
                Error(
                    f"PORTAL_LDAP_URL must be ldaps:// or ldap://, not {url!r}.",
                    id="portal.E023",
                )
            )
        elif parts.scheme == "ldap" and not of.starttls and not _here(parts.hostname):
            found.append(
                Error(
                    f"Passwords would cross the network in clear text to {url}.",
                    hint="Use ldaps://, or leave PORTAL_LDAP_STARTTLS at 1.",
                    id="portal.E024",
                )
            )
    if len({urlsplit(url).scheme for url in of.url.split()}) > 1:
        found.append(
            Error(
                "PORTAL_LDAP_URL mixes ldap:// and ldaps://.",
                hint="Use the same for all servers.",
                id="portal.E023",
            )
        )
    for name, text in (("USER", of.user_filter), ("GROUP", of.group_filter)):
        place = "{name}" if name == "USER" else "{dn}"
        if place not in text or not (text.startswith("(") and text.endswith(")")):
            found.append(
                Error(
                    f"PORTAL_LDAP_{name}_FILTER must be in parentheses and contain {place}.",
                    id="portal.E025",
                )
            )
    if not of.bind_password:
        found.append(
            Error(
                "There is no key file ldap_bind_password.",
                hint=f"Put the service account's password into {settings.KEYS_DIR} "
                "(chmod 600).",
                id="portal.E026",
            )
        )
    return found


def _ca_file(kind: str, path: str) -> list[CheckMessage]:
    if not path or Path(path).is_file():
        return []
    return [
        Error(f"PORTAL_{kind}_CA_FILE names no file: {path}", id="portal.E027"),
    ]


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
