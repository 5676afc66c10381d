"""What a browser is told on every address, and on which terms it keeps a cookie."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse

from accessportal.keys import ensure_keys
from tests.guards.matrix import LET_IN, PUBLIC
from tests.guards.things import House, ask, data_of
from tests.guards.things import house as build_house

pytestmark = pytest.mark.walk

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Origin-Agent-Cluster": "?1",
    "X-Permitted-Cross-Domain-Policies": "none",
}
FORBIDDEN_IN_POLICY = ("unsafe-inline", "unsafe-eval", "http:", "https:", "*", "blob:")


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), build_house() as built:
        yield built


def wrong_in(response: Any, *, signed_in: bool) -> list[str]:
    headers = response.headers
    wrong = [
        f"{name}: {headers.get(name)}"
        for name, value in EVERYWHERE.items()
        if headers.get(name) != value
    ]
    policy = headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy:
        wrong.append(f"no policy: {policy}")
    wrong += [word for word in FORBIDDEN_IN_POLICY if word in policy.split()]
    if headers.get("X-Frame-Options") != "DENY":
        wrong.append("may be framed")
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        wrong.append("no Permissions-Policy")
    if signed_in and "no-store" not in headers.get("Cache-Control", ""):
        wrong.append(f"may be kept: {headers.get('Cache-Control')}")
    if "Server" in headers or "X-Powered-By" in headers:
        wrong.append("says what it runs on")
    return wrong


@pytest.mark.django_db
def test_every_address_answers_with_every_header(house: House) -> None:
    """As somebody who is let in, and as nobody: errors and refusals too."""
    found: dict[str, list[str]] = {}
    for name, line in LET_IN.items():
        role = line.yes.split()[0]
        for who in (role, "nobody"):
            answer = ask(
                house.browser(who),
                house.path(name, line),
                line.method,
                data_of(line, house.things),
            )
            if wrong := wrong_in(answer, signed_in=who != "nobody"):
                found[f"{name} as {who}"] = wrong
    for name in PUBLIC:
        by_link = name in {"accounts:invitation", "accounts:password_link"}
        args = ["no-such-token"] if by_link else []
        answer = ask(Client(), reverse(name, args=args))
        if wrong := wrong_in(answer, signed_in=False):
            found[name] = wrong
    assert found == {}


def test_files_and_unknown_addresses_have_them_too(db: None) -> None:
    for path in ("/static/css/portal.css", "/no/such/page/", "/static/no-such.css"):
        headers = Client().get(path).headers
        missing = {
            name for name, value in EVERYWHERE.items() if headers.get(name) != value
        }
        assert missing == set(), path


def test_no_page_has_code_or_style_in_it(house: House, db: None) -> None:
    """The policy would refuse it; and a page that needs it would be broken."""
    inline = re.compile(
        rb"<script(?![^>]*\bsrc=)(?![^>]*type=.application/json)|<style|\sstyle=|\son[a-z]+=",
        re.IGNORECASE,
    )
    for name, line in LET_IN.items():
        if line.method == "get":
            role = line.yes.split()[0]
            answer = ask(house.browser(role), house.path(name, line))
            if "text/html" in answer.headers.get("Content-Type", ""):
                assert not inline.search(answer.content), name


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
