"""What a browser is told on every address, and on which terms it keeps a cookie."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse

from accessportal.keys import ensure_keys
from tests.guards.house import ask
from tests.guards.matrix import PUBLIC
from tests.security.judges import EVERYWHERE, wrong_in

pytestmark = pytest.mark.walk


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_what_everybody_may_ask_for_has_every_header(name: str, db: None) -> None:
    """What only some may ask for is judged where everybody asks, in the permission matrix."""
    by_link = name in {"accounts:invitation", "accounts:password_link"}
    answer = ask(Client(), reverse(name, args=["no-such-token"] if by_link else []))
    assert wrong_in(answer, signed_in=False) == []


def test_files_and_unknown_addresses_have_them_too(db: None) -> None:
    for path in ("/static/css/portal.css", "/no/such/page/", "/static/no-such.css"):
        headers = Client().get(path).headers
        missing = {
            name for name, value in EVERYWHERE.items() if headers.get(name) != value
        }
        assert missing == set(), path


# --- An installation with TLS, in a process of its own ---------------------------------

ASK = """
import django, json, sys
django.setup()
from django.conf import settings
from django.core.checks import run_checks
print(json.dumps({
    "cookies": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME,
                settings.LANGUAGE_COOKIE_NAME],
    "secure": [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE,
               settings.LANGUAGE_COOKIE_SECURE],
    "http_only": [settings.SESSION_COOKIE_HTTPONLY, settings.CSRF_COOKIE_HTTPONLY],
    "hsts": settings.SECURE_HSTS_SECONDS,
    "secret": settings.SECRET_KEY,
    "fallbacks": settings.SECRET_KEY_FALLBACKS,
    "database": settings.DATABASES["default"].get("PASSWORD", ""),
    "problems": [str(m) for m in run_checks(include_deployment_checks=True)
                 if m.level >= 30 and m.id not in settings.SILENCED_SYSTEM_CHECKS],
}))
"""


def installation(directory: Path, **environment: str) -> dict[str, Any]:
    """The settings and the findings of `check --deploy` of an installation."""
    ensure_keys(directory / "keys")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
    answer = subprocess.run(
        [sys.executable, "-c", ASK],
        env={
            **clean,
            "DJANGO_SETTINGS_MODULE": "accessportal.settings",
            "PORTAL_DATA_DIR": str(directory),
            **environment,
        },
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize("profile", ["embedded", "production"])
def test_an_installation_with_tls_has_nothing_to_be_said_of(
    profile: str, tmp_path: Path
) -> None:
    """`check --deploy` is clean; secrets come from files; cookies stay on this host."""
    secrets = {
        "SECRET_KEY": "k" * 64,
        "DATABASE_URL": "postgresql://a:p%40ss@127.0.0.1/x",
    }
    for name, text in secrets.items():
        (tmp_path / name).write_text(f"{text}\n")
        (tmp_path / name).chmod(0o640)
    found = installation(
        tmp_path,
        PORTAL_PROFILE=profile,
        PORTAL_PUBLIC_URL="https://portal.plant.example",
        PORTAL_TRUSTED_PROXIES="127.0.0.1",
        PORTAL_SECRET_KEY_FILE=str(tmp_path / "SECRET_KEY"),
        **(
            {
                "PORTAL_DATABASE_URL_FILE": str(tmp_path / "DATABASE_URL"),
                "PORTAL_REDIS_URL": "redis://127.0.0.1:6379/0",
            }
            if profile == "production"
            else {}
        ),
    )
    # Keys of 64 times the same letter are what Django calls insecure, and rightly.
    problems = [each for each in found["problems"] if "W009" not in each]
    assert problems == []
    assert all(name.startswith("__Host-") for name in found["cookies"])
    assert all(found["secure"]) and all(found["http_only"])
    assert found["hsts"] >= 31_536_000
    assert found["secret"] == "k" * 64
    assert found["database"] == ("p@ss" if profile == "production" else "")


def test_without_tls_and_with_an_open_secret_it_is_said(tmp_path: Path) -> None:
    open_file = tmp_path / "mail-password"
    open_file.write_text("secret")
    open_file.chmod(0o644)
    found = installation(
        tmp_path,
        PORTAL_PUBLIC_URL="http://portal.plant.example",
        PORTAL_EMAIL_PASSWORD_FILE=str(open_file),
    )
    said = " ".join(found["problems"])
    assert "without TLS" in said
    assert "Everybody can read" in said


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="both set"):
        installation(
            tmp_path,
            PORTAL_EMAIL_PASSWORD="one",
            PORTAL_EMAIL_PASSWORD_FILE=str(tmp_path / "two"),
        )


# --- Host header ------------------------------------------------------------------------


@override_settings(ALLOWED_HOSTS=["portal.plant.example"])
def test_a_foreign_host_is_refused_and_never_repeated(db: None) -> None:
    """Someone sends Vera's browser, or a cache, a page whose links lead elsewhere."""
    for headers in (
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "portal.plant.example.evil.example"},
        {"HTTP_HOST": "portal.plant.example@evil.example"},
        {"HTTP_HOST": "portal.plant.example", "HTTP_X_FORWARDED_HOST": "evil.example"},
    ):
        answer = Client(raise_request_exception=False).get(
            reverse("accounts:sign_in"), **headers
        )
        assert b"evil.example" not in answer.content
        if headers["HTTP_HOST"] != "portal.plant.example":
            assert answer.status_code == 400
