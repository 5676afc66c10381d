"""Which programs of the operating system each command needs, and getting them.

As root on Debian or Ubuntu they are installed; elsewhere a person is told exactly which are
missing and how to get them.
"""

import ctypes.util
import importlib.util
import os
import shutil
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from accessportal.launcher import apt
from accessportal.launcher.console import SetupProblem, say
from accessportal.launcher.paths import VENV_PYTHON

# Debian keeps daemons where an ordinary user's PATH does not look.
SEARCH_PATH = os.pathsep.join(
    [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
)


@dataclass(frozen=True)
class Need:
    """One thing the operating system has to provide."""

    what: str
    packages: tuple[str, ...]
    is_there: Callable[[], bool]


def command(name: str, *packages: str) -> Need:
    """A program on the PATH."""
    return Need(name, packages, lambda: find(name) is not None)


def find(name: str) -> str | None:
    """Path of a program, daemons included."""
    return shutil.which(name, path=SEARCH_PATH)


def postgres_bin() -> Path | None:
    """The directory of PostgreSQL's server programs, the newest where there are several."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    found = [initdb.parent for initdb in reversed(versions)]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    return next(
        (directory for directory in found if (directory / "postgres").exists()), None
    )


def _version(initdb: Path) -> float:
    return float(initdb.parent.parent.name)


def _guacd_plugin(protocol: str) -> Need:
    library = f"guac-client-{protocol}"
    return Need(
        f"guacd's {protocol} support (lib{library})",
        (f"lib{library}0",),
        lambda: ctypes.util.find_library(library) is not None,
    )


def _fonts_there() -> bool:
    return any(Path("/usr/share/fonts").rglob("DejaVuSansMono.ttf"))


def _tkinter_there() -> bool:
    versions = Path("/usr/lib").glob("python3*/tkinter/__init__.py")
    return Path("/usr/bin/python3").exists() and any(versions)


def _header_there(name: str) -> Callable[[], bool]:
    places = [Path("/usr/include"), Path("/usr/local/include")]
    return lambda: any((place / name).exists() for place in places)


def _python_header_there() -> bool:
    # Debian's own Python keeps it in a package of its own; others bring it along.
    return (Path(sysconfig.get_path("include")) / "Python.h").exists()


def _venv_can_be_made() -> bool:
    # Debian's own Python has `venv` without the `ensurepip` that it needs.
    return VENV_PYTHON.exists() or importlib.util.find_spec("ensurepip") is not None


GUACD = [
    command("guacd", "guacd"),
    *(_guacd_plugin(protocol) for protocol in ("vnc", "rdp", "ssh", "telnet")),
]
COMMON = [
    Need("Python's venv", ("python3-venv",), _venv_can_be_made),
    command("msgfmt", "gettext"),
]
LDAP = [
    command("cc", "gcc", "libc6-dev"),
    Need("OpenLDAP's headers", ("libldap2-dev",), _header_there("ldap.h")),
    Need("SASL's headers", ("libsasl2-dev",), _header_there("sasl/sasl.h")),
    Need("Python's headers", ("python3-dev",), _python_header_there),
]
TARGETS = [
    command("Xvnc", "tigervnc-standalone-server"),
    command("tigervncpasswd", "tigervnc-tools"),
    command("freerdp-shadow-cli", "freerdp2-shadow-x11"),
    command("sshd", "openssh-server"),
    command("ssh-keygen", "openssh-client"),
    Need("Python's tkinter", ("python3-tk",), _tkinter_there),
    Need("DejaVu fonts", ("fonts-dejavu-core",), _fonts_there),
]
TESTS = [
    Need("PostgreSQL's server", ("postgresql",), lambda: postgres_bin() is not None),
    command("redis-server", "redis-server"),
    # The tests take the second, which is faster, where it is there; the first is enough.
    command("chromium", "chromium", "chromium-headless-shell"),
    command("xdotool", "xdotool"),
    command("dbus-daemon", "dbus-daemon", "dbus-session-bus-common"),
    command("setpriv", "util-linux"),
    command("slapd", "slapd"),
    *LDAP,
]

NEEDS_OF_COMMAND = {
    "serve": [*COMMON, *GUACD],
    "manage": COMMON,
    "lint": COMMON,
    "ldap": [*COMMON, *LDAP],
    "demo": [*COMMON, *GUACD, *TARGETS],
    "bench": [*COMMON, *GUACD, *TARGETS],
    "test": [*COMMON, *GUACD, *TARGETS, *TESTS],
}


def missing_for(command_name: str) -> list[Need]:
    """What this command needs and the machine lacks. An outside guacd replaces our own."""
    needs = NEEDS_OF_COMMAND[command_name]
    if os.environ.get("GUACD"):
        needs = [need for need in needs if need not in GUACD]
    return [need for need in needs if not need.is_there()]


def ensure(command_name: str) -> None:
    """Install what is missing, or raise `SetupProblem` naming it and the way to get it."""
    missing = missing_for(command_name)
    if not missing:
        return
    if not (os.geteuid() == 0 and apt.is_debian_like()):
        raise SetupProblem(how_to_get(missing, command_name))
    packages = [package for need in missing for package in need.packages]
    apt.install(list(dict.fromkeys(packages)))
    still = missing_for(command_name)
    if still:
        raise SetupProblem(how_to_get(still, command_name))
    say("System packages are in place.")


def how_to_get(missing: list[Need], command_name: str) -> str:
    """The sentence for a machine where the script may not, or cannot, install."""
    lines = ["these programs are missing:"]
    lines += [
        f"  {need.what}   (Debian package: {' '.join(need.packages)})"
        for need in missing
    ]
    if apt.is_debian_like():
        lines += [
            "As root this script installs them:",
            f"  sudo ./portal setup {command_name} --system-only",
        ]
    else:
        lines.append(
            "Install them with this system's package manager, then start again."
        )
    if any(need in GUACD for need in missing):
        lines.append(
            "A guacd that already runs can be used instead: GUACD=host:port ./portal ..."
        )
    return "\n".join(lines)
