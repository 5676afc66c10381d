"""What is installed is pinned by hash, and no file says where it came from."""

import json
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from accessportal.launcher import apt
from tests.guards.sources import ROOT, files, name

LOCKS = [
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-node.txt",
    "requirements-ldap.txt",
]
# Put together here, so that this file does not name them either.
REGISTRIES = {
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("registry", "yarnpkg", "com"),
    )
}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_python_package_is_pinned_with_hashes(lock: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text(encoding="utf-8"))
    packages = [block for block in blocks if not block.startswith("#")]
    assert packages
    assert all(
        re.match(r"\S+==\S+", block) and "--hash=sha256:" in block for block in packages
    )


def test_what_the_lock_installs_is_complete() -> None:
    """The set-up asks pip for the lock's packages and resolves nothing by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("lock", LOCKS)
def test_the_http_library_is_in_no_lock(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8").lower()
    assert not re.search(r"^(types-)?requests(\[.*\])?==", text, re.MULTILINE)


@pytest.mark.parametrize("lock", [*LOCKS, "package-lock.json"])
def test_no_lock_carries_an_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text and "--find-links" not in text


def test_every_npm_package_is_pinned_with_its_digest() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {path: entry for path, entry in lock["packages"].items() if path}
    assert packages
    for path, entry in packages.items():
        assert "resolved" not in entry, path
        assert entry["integrity"].startswith("sha512-"), path


def test_no_file_names_a_package_registry() -> None:
    """Neither the well-known ones nor the mirrors that this machine uses."""
    mirrors = {urlsplit(source.uri).hostname for source in apt.configured_sources()}
    hosts = {host.encode() for host in REGISTRIES | mirrors if host}
    found = [
        name(path)
        for path in files()
        if not path.is_symlink() and any(host in path.read_bytes() for host in hosts)
    ]
    assert not found
