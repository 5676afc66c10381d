"""The environment that the settings are read from: `PORTAL_*` variables and key files.

Every variable can come from a file: `PORTAL_X_FILE` names one that holds what `PORTAL_X`
would say.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def env(name: str, default: str = "") -> str:
    """`PORTAL_<name>`, or the text of the file that `PORTAL_<name>_FILE` names.

    So every secret can come from a file that only the service reads (a systemd credential,
    a mounted secret), and stands in no process list.
    """
    path = os.environ.get(f"PORTAL_{name}_FILE", "")
    if not path:
        return os.environ.get(f"PORTAL_{name}", default)
    if f"PORTAL_{name}" in os.environ:
        raise ImproperlyConfigured(
            f"PORTAL_{name} and PORTAL_{name}_FILE are both set: leave one out."
        )
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"PORTAL_{name}_FILE cannot be read: {error.strerror}: {path}."
        ) from error


def env_bool(name: str, default: bool = False) -> bool:
    value = env(name, "1" if default else "0").lower()
    if value not in {"0", "1", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"PORTAL_{name} must be 1 or 0, not {value!r}.")
    return value in {"1", "true", "yes"}


def env_int(name: str, default: int) -> int:
    value = env(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(
            f"PORTAL_{name} must be a whole number, not {value!r}."
        ) from None


def env_list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in env(name, default).split(",") if item.strip()]


def read_secret(path: Path) -> str:
    """The text of a key file; an empty string when the file is not there (a check reports it)."""
    return path.read_text().strip() if path.exists() else ""


def database_from_url(url: str) -> dict[str, Any]:
    """A Django database entry from `postgresql://user:password@host:port/name`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured("PORTAL_DATABASE_URL must start with postgresql://.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": env_int("DATABASE_POOL", 20)},
            # A database that cannot be reached any more is noticed in seconds, not in hours.
            "connect_timeout": 5,
            "tcp_user_timeout": 5000,
        },
    }
