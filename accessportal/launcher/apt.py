"""Debian and Ubuntu packages, installed without starting any service.

guacd is not in Debian 12; Debian 11's packages run on it. Their suite is added with a low
pin priority, so that nothing else is ever taken from it, and its mirror and key ring are
those that the machine's own apt configuration already names.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from accessportal.launcher.console import SetupProblem, say

APT = Path("/etc/apt")
GUACD_SUITE = "bullseye"
SOURCE_FILE = "sources.list.d/access-portal-guacd.sources"
PIN_FILE = "preferences.d/access-portal-guacd"
POLICY = Path("/usr/sbin/policy-rc.d")
LOCK_SECONDS = 600

# Packages that bring a daemon: enabled by their maintainer scripts, wanted by us only as
# programs that the portal starts itself, on loopback.
UNITS_OF_PACKAGE = {
    "guacd": ["guacd.service"],
    "openssh-server": ["ssh.service", "ssh.socket"],
    "postgresql": ["postgresql.service"],
    "redis-server": ["redis-server.service"],
    "slapd": ["slapd.service"],
}


@dataclass(frozen=True)
class Source:
    """One entry of apt's configuration, as far as a mirror is concerned."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str


def os_release() -> dict[str, str]:
    """`/etc/os-release` as a dictionary; empty where there is none."""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key: value.strip().strip('"') for key, value in pairs}


def is_debian_like() -> bool:
    """True on Debian, Ubuntu and what calls itself like them."""
    release = os_release()
    family = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    return bool(family & {"debian", "ubuntu"}) and Path("/usr/bin/apt-get").exists()


def configured_sources(apt: Path = APT) -> list[Source]:
    """Every enabled binary source of this machine, in apt's own order."""
    sources: list[Source] = []
    one_line = [apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))]
    for path in one_line:
        if path.is_file():
            sources += parse_one_line(path.read_text(encoding="utf-8"))
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        sources += parse_deb822(path.read_text(encoding="utf-8"))
    return sources


def parse_one_line(text: str) -> list[Source]:
    """`deb [signed-by=...] URI SUITE COMPONENT...`, one a line."""
    sources = []
    for line in text.splitlines():
        entry = re.match(
            r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)", line.split("#")[0]
        )
        if entry is None:
            continue
        options = dict(
            part.split("=", 1) for part in (entry[1] or "").split() if "=" in part
        )
        sources.append(
            Source(
                uri=entry[2],
                suites=(entry[3],),
                components=tuple(entry[4].split()),
                signed_by=options.get("signed-by", ""),
            )
        )
    return sources


def parse_deb822(text: str) -> list[Source]:
    """Stanzas of `Types: URIs: Suites: Components: Signed-By: Enabled:`."""
    sources = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split():
            continue
        if fields.get("enabled", "yes").strip().lower() in {"no", "false", "0"}:
            continue
        for uri in fields.get("uris", "").split():
            sources.append(
                Source(
                    uri=uri,
                    suites=tuple(fields.get("suites", "").split()),
                    components=tuple(fields.get("components", "").split()),
                    signed_by=fields.get("signed-by", ""),
                )
            )
    return sources


def _fields(stanza: str) -> dict[str, str]:
    """One deb822 stanza; continuation lines stay as they are (embedded keys)."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in {" ", "\t"} and name:
            fields[name] += f"\n{line}"
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def guacd_source_text(sources: list[Source], codename: str) -> str | None:
    """The source entry for guacd's suite, or None where no mirror of Debian is configured."""
    for source in sources:
        if codename in source.suites and "main" in source.components:
            lines = [
                "# guacd for Access Portal, from the mirror this machine already uses.",
                f"# The low priority in /etc/apt/{PIN_FILE} keeps everything else out.",
                "Types: deb",
                f"URIs: {source.uri}",
                f"Suites: {GUACD_SUITE}",
                "Components: main",
            ]
            if source.signed_by:
                lines.append(f"Signed-By: {source.signed_by}")
            return "\n".join(lines) + "\n"
    return None


def pin_text() -> str:
    """A priority below the default 500, so the suite only fills what is missing."""
    return (
        "Explanation: guacd for Access Portal. Nothing that this release has itself is\n"
        "Explanation: taken from the older suite.\n"
        "Package: *\n"
        f"Pin: release n={GUACD_SUITE}\n"
        "Pin-Priority: 100\n"
    )


def has_candidate(package: str) -> bool:
    """True when apt knows a version of the package that it would install."""
    policy = subprocess.run(
        ["apt-cache", "policy", package], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"Candidate: (\S+)", policy)
    return found is not None and found[1] != "(none)"


def add_guacd_source(apt: Path = APT) -> None:
    """Make guacd's suite known to apt.

    Raises `SetupProblem` where the machine's configuration names no mirror to take it from.
    """
    text = guacd_source_text(
        configured_sources(apt), os_release().get("VERSION_CODENAME", "")
    )
    if text is None:
        raise SetupProblem(
            "this machine's apt configuration names no Debian mirror to take guacd from.\n"
            "Install guacd yourself, or point to one that runs: GUACD=host:port ./portal ..."
        )
    (apt / PIN_FILE).write_text(pin_text(), encoding="utf-8")
    (apt / SOURCE_FILE).write_text(text, encoding="utf-8")


def update() -> None:
    """`apt-get update`, patient with another apt that holds the lock."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        done = subprocess.run(
            ["apt-get", "update", "-q"], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return
        if "Could not get lock" not in done.stderr or time.monotonic() > deadline:
            raise SetupProblem(f"apt-get update failed:\n{done.stderr.strip()}")
        time.sleep(2)


def install(packages: list[str]) -> None:
    """Install the packages and leave every service they bring switched off.

    Raises `SetupProblem` with apt's own words when it cannot.
    """
    say(f"Installing with apt: {' '.join(packages)}")
    update()
    if "guacd" in packages and not has_candidate("guacd"):
        add_guacd_source()
        update()
    with services_not_started():
        done = subprocess.run(
            ["apt-get", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}", "install", "-y", "-q",
             "--no-install-recommends", *packages],
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise SetupProblem(
            f"apt-get install failed:\n{(done.stdout + done.stderr)[-3000:]}"
        )
    switch_off(packages)


@contextmanager
def services_not_started() -> Iterator[None]:
    """Keep maintainer scripts from starting daemons, as `policy-rc.d` is meant for."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def switch_off(packages: list[str]) -> None:
    """Disable the units of packages just installed, so that no restart starts them either."""
    units = [unit for package in packages for unit in UNITS_OF_PACKAGE.get(package, [])]
    if units:
        subprocess.run(
            ["systemctl", "disable", *units],
            capture_output=True,
            text=True,
            check=False,
        )
