"""A file system of its own that a test can fill up, with root or without.

A child process mounts a tmpfs in a mount namespace of its own; it is reached through
`/proc/PID/root`. Where neither root nor user namespaces may do that, writing to files below
the folder is refused as a full disk does: the same test, less real.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.failing_files import refusing

MEGABYTES = 80
"""A little more than the recorder wants to be free before it begins."""

WAYS = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])


class SmallDisk(Protocol):
    path: Path

    def fill(self) -> None:
        """Not a byte is left."""

    def empty(self) -> None:
        """There is room again."""


class MountedDisk:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(self.path).free)
        for name in range(10_000):  # what other files' last pages still have room for
            if not shutil.disk_usage(self.path).free:
                return
            (self.path / f"ballast-{name}").write_bytes(b"x")

    def empty(self) -> None:
        for path in self.path.glob("ballast*"):
            path.unlink()


class RefusingDisk:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._full = ExitStack()

    def fill(self) -> None:
        patch = self._full.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(shutil, "disk_usage", lambda _path: (1, 1, 0))
        self._full.enter_context(refusing(str(self.path)))

    def empty(self) -> None:
        self._full.close()


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """A disk of `MEGABYTES` below `folder`, gone with the block."""
    folder.mkdir()
    for way in WAYS:
        child = subprocess.Popen(
            [*way, "sh", "-c", f"mount -t tmpfs -o size={MEGABYTES}m,mode=700 disk {folder}"
             " && echo mounted && exec sleep 600"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert child.stdout is not None
        try:
            path = Path(f"/proc/{child.pid}/root{folder}")
            if child.stdout.readline() == "mounted\n" and os.access(path, os.W_OK):
                yield MountedDisk(path)
                return
        finally:
            child.kill()
            child.wait()
    disk = RefusingDisk(folder)
    try:
        yield disk
    finally:
        disk.empty()
