"""The data directory of an embedded portal: made, held by one process, thrown away."""

import fcntl
import json
import os
import shutil
import sys
from pathlib import Path
from typing import IO

from accessportal.launcher.console import SetupProblem
from accessportal.launcher.guacd import Guacd

MARKER = ".access-portal"  # says that what is in the directory is ours to delete
ENVIRONMENT = "environment.json"


def make_ours(path: Path) -> None:
    """Make the directory, or take an empty one, and mark it as Access Portal's.

    Raises `SetupProblem` for a directory of somebody else, or one that cannot be written.
    """
    if path.is_dir() and any(path.iterdir()) and not (path / MARKER).exists():
        raise SetupProblem(
            f"{path} holds files that are not Access Portal's; choose another."
        )
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        (path / MARKER).touch()
    except OSError as error:
        raise SetupProblem(
            f"the data directory {path} cannot be used: {error}"
        ) from error


def open_data_dir(path: Path, *, demo: bool) -> IO[str]:
    """Make the directory and hold it for this process until the file is closed.

    Raises `SetupProblem` when another portal holds it, it is somebody else's directory, or
    it is a plant's own and a demo was asked for, or the other way round.
    """
    make_ours(path)
    guard_kind(path, demo=demo)
    try:
        lock = (path / "portal.lock").open("a+", encoding="ascii")
    except OSError as error:
        raise SetupProblem(
            f"the data directory {path} cannot be used: {error}"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip()
        lock.close()
        raise SetupProblem(
            f"a portal already runs on {path} (process {holder}).\n"
            "Stop it first, or start this one with another --data-dir and --port."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def guard_kind(path: Path, *, demo: bool) -> None:
    """A demo brings people whose passwords it prints, and resets without asking."""
    last = remembered_environment(path).get("PORTAL_DEMO")
    if demo and last == "0":
        raise SetupProblem(
            f"{path} holds a plant's own data, which a demo must not touch.\n"
            "Start it with ./portal serve, or the demo with another --data-dir."
        )
    if not demo and last == "1":
        raise SetupProblem(
            f"{path} holds the demo, whose passwords are printed for everybody.\n"
            "Start it with ./portal demo, or the plant's own with another --data-dir."
        )


def reset(path: Path, *, ask: bool) -> None:
    """Delete everything in the directory but the lock that is held.

    `ask` wants the directory's name typed first: recordings and audit trail go with it.
    Raises `SetupProblem` when it was not.
    """
    if ask:
        if not sys.stdin.isatty():
            raise SetupProblem(
                "--reset deletes evidence, so it asks at a terminal first."
            )
        sys.stdout.write(
            f"This deletes every request, recording and audit event in {path}.\n"
            f"Type {path.name} to go on: "
        )
        sys.stdout.flush()
        if sys.stdin.readline().strip() != path.name:
            raise SetupProblem("nothing was deleted.")
    Guacd(path).stop()
    for entry in path.iterdir():
        if entry.name in {MARKER, "portal.lock"}:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def remember_environment(path: Path, environment: dict[str, str]) -> None:
    """Keep the settings of this start, so that `./portal manage` sees the same portal."""
    (path / ENVIRONMENT).write_text(
        json.dumps(environment, indent=2) + "\n", encoding="utf-8"
    )


def remembered_environment(path: Path) -> dict[str, str]:
    """The settings of the last start; empty before the first."""
    try:
        content = json.loads((path / ENVIRONMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in content.items()}
