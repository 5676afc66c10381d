"""What a machine lacks is installed, or named with the way to get it."""

import pytest

from accessportal.launcher import apt, system
from accessportal.launcher.console import SetupProblem

MISSING = system.Need("frobnicator", ("frobnicator-server",), lambda: False)


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(system.NEEDS_OF_COMMAND, "demo", [MISSING, system.GUACD[0]])
    monkeypatch.setattr(system, "find", lambda name: None)
    monkeypatch.delenv("GUACD", raising=False)


def test_without_root_it_says_what_is_missing_and_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, lacking: None
) -> None:
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(apt, "is_debian_like", lambda: True)
    with pytest.raises(SetupProblem) as problem:
        system.ensure("demo")
    words = str(problem.value)
    assert "frobnicator   (Debian package: frobnicator-server)" in words
    assert "sudo ./portal setup demo --system-only" in words
    assert "GUACD=host:port" in words


def test_elsewhere_it_does_not_speak_of_apt(
    monkeypatch: pytest.MonkeyPatch, lacking: None
) -> None:
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    monkeypatch.setattr(apt, "is_debian_like", lambda: False)
    with pytest.raises(SetupProblem, match="this system's package manager"):
        system.ensure("demo")


def test_as_root_on_debian_it_installs_exactly_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, lacking: None
) -> None:
    installed: list[str] = []
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    monkeypatch.setattr(apt, "is_debian_like", lambda: True)
    monkeypatch.setattr(apt, "install", installed.extend)
    with pytest.raises(SetupProblem):  # this frobnicator stays missing
        system.ensure("demo")
    assert installed == ["frobnicator-server", "guacd"]


def test_an_outside_guacd_replaces_our_own(
    monkeypatch: pytest.MonkeyPatch, lacking: None
) -> None:
    monkeypatch.setenv("GUACD", "10.0.0.5:4822")
    assert system.missing_for("demo") == [MISSING]
