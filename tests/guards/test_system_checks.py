"""A mistake of an installation is found before the first page is served."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_django.fixtures import Settings

from accessportal import checks


def ids(messages: list[checks.CheckMessage]) -> list[str | None]:
    return [message.id for message in messages]


def test_our_names_lead_to_us() -> None:
    assert checks.check_import_names(None) == []


def test_another_requests_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a process starts in another directory and the HTTP library is installed."""
    elsewhere = SimpleNamespace(
        origin="/usr/lib/python3/dist-packages/requests/__init__.py"
    )
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda name: elsewhere)
    assert ids(checks.check_import_names(None)) == ["portal.E003", "portal.E003"]


def test_a_key_that_others_can_read_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    settings.KEYS_DIR = tmp_path
    key = tmp_path / "credentials"
    key.write_text("secret")
    key.chmod(0o640)
    assert ids(checks.check_key_files(None)) == ["portal.E004"]
    key.chmod(0o600)
    assert checks.check_key_files(None) == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:4822", []),
        ("[::1]:4822", []),
        ("10.1.2.3:4822", []),
        ("guacd.plant.example:4822", []),
        ("8.8.8.8:4822", ["portal.W001"]),
        ("4822", ["portal.E005"]),
        ("127.0.0.1:", ["portal.E005"]),
    ],
)
def test_guacd_stays_on_a_private_link(
    settings: Settings, address: str, expected: list[str]
) -> None:
    settings.GUACD_ADDRESS = address
    assert ids(checks.check_guacd_address(None)) == expected


def test_missing_browser_files_are_named(settings: Settings, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    assert ids(checks.check_browser_files(None)) == ["portal.E006"]


def test_a_missing_secret_key_is_named(settings: Settings) -> None:
    settings.SECRET_KEY = "not-set"
    assert ids(checks.check_secret_key(None)) == ["portal.E001"]
