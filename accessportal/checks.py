"""Mistakes of an installation, found before the first request is served."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register()
def check_secret_key(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.SECRET_KEY != "not-set":  # noqa: S105 - the marker of a missing key
        return []
    return [
        Error(
            "There is no secret key.",
            hint=f"Run ./portal, or `manage.py ensure_keys`, to make {settings.KEYS_DIR}.",
            id="portal.E001",
        )
    ]


@register()
def check_time_zone(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.TIME_ZONE == "UTC" and settings.USE_TZ:
        return []
    return [
        Error(
            "Times must be stored in UTC.",
            hint="Leave TIME_ZONE at UTC; pages use the site's zone.",
            id="portal.E002",
        )
    ]


@register()
def check_country_list(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A list that cannot be read would silently know no country (accessportal.countries)."""
    if settings.COUNTRY_LIST is None:
        return []
    from accessportal.countries import CountryListError, read_country_list

    try:
        read_country_list(settings.COUNTRY_LIST)
    except (OSError, UnicodeDecodeError, CountryListError) as error:
        return [
            Error(
                f"The country list cannot be used: {error}.",
                hint="One `network,country` a line, or leave PORTAL_COUNTRY_LIST empty.",
                id="portal.E012",
            )
        ]
    return []


@register()
def check_risk(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    from sessions.risk import SIGNALS, Follows

    return [
        Error(
            f"PORTAL_RISK says {code}:{follows}, which means nothing.",
            hint=f"Signals: {', '.join(SIGNALS)}. What follows: {', '.join(Follows)}.",
            id="portal.E013",
        )
        for code, follows in settings.RISK.items()
        if code not in SIGNALS or follows not in set(Follows)
    ]


@register()
def check_import_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """`requests` and `sessions` must be ours (docs/decisions/0001-app-names.md)."""
    found = {name: importlib.util.find_spec(name) for name in ("requests", "sessions")}
    return [
        Error(
            f"The name `{name}` does not lead to this project's app.",
            hint=(
                f"Start every process in {settings.BASE_DIR} and install nothing that "
                "brings a package of that name."
            ),
            id="portal.E003",
        )
        for name, spec in found.items()
        if spec is None
        or spec.origin is None
        or not Path(spec.origin).is_relative_to(settings.BASE_DIR)
    ]


@register()
def check_key_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whoever reads the key files reads every asset's credentials."""
    if not settings.KEYS_DIR.is_dir():
        return []
    return [
        Error(
            f"The key file {path} can be read by others than its owner.",
            hint=f"chmod 600 {path}",
            id="portal.E004",
        )
        for path in sorted(settings.KEYS_DIR.rglob("*"))
        if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]


@register()
def check_secret_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A file that `PORTAL_..._FILE` names may be read by a group, never by everybody."""
    named = {
        name: Path(path)
        for name, path in os.environ.items()
        if name.startswith("PORTAL_") and name.endswith("_FILE") and path
    }
    return [
        Error(
            f"Everybody can read {path}, which {name} names.",
            hint=f"chmod o= {path}",
            id="portal.E007",
        )
        for name, path in sorted(named.items())
        if path.exists() and path.stat().st_mode & stat.S_IRWXO
    ]


@register(deploy=True)
def check_https(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Passwords and codes cross the plant's network: only over TLS."""
    if settings.SECURE_SITE:
        return []
    return [
        Warning(
            "People reach the portal without TLS.",
            hint="Put a proxy with TLS in front and set PORTAL_PUBLIC_URL=https://...",
            id="portal.W002",
        )
    ]


@register()
def check_guacd_address(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """guacd asks nobody who they are, so only a private link may lead to it."""
    host, _, port = settings.GUACD_ADDRESS.rpartition(":")
    if not host or not port.isdigit():
        return [
            Error(
                f"PORTAL_GUACD must be host:port, not {settings.GUACD_ADDRESS!r}.",
                id="portal.E005",
            )
        ]
    try:
        private = ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return []  # a name; what it leads to is the network's business
    if private:
        return []
    return [
        Warning(
            f"guacd at {settings.GUACD_ADDRESS} is on a public address.",
            hint="guacd has no client authentication: use loopback or a private link.",
            id="portal.W001",
        )
    ]


@register()
def check_browser_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Pages without their style sheet are worse than none."""
    if (settings.BASE_DIR / "static" / "vendor" / "icons.svg").exists():
        return []
    return [
        Error(
            "The browser libraries are not in static/vendor/.",
            hint="Run ./portal setup.",
            id="portal.E006",
        )
    ]


@register(Tags.database)
def check_database_role(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[CheckMessage]:
    """`check --database default`: the product should not be able to edit its own trail."""
    from django.db import connection

    from accessportal.audit.database_role import can_lift_the_triggers

    if "default" not in (databases or []) or connection.vendor != "postgresql":
        return []
    if not can_lift_the_triggers(connection):
        return []
    return [
        Warning(
            "The portal's database role could edit the audit trail.",
            hint="Run migrations as an owner of its own: deploy/README.md, “Two roles”.",
            id="portal.W003",
        )
    ]
