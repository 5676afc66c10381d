"""Child processes that end with us: by name, by group, and when we die without a word."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .errors import ProgramMissing

TERM_SECONDS = 3.0
KILL_SECONDS = 2.0


def find_program(target: str, program: str, package: str) -> str:
    """The program's path; sbin is searched too, where daemons live and PATH often ends."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    found = shutil.which(program, path=path)
    if found is None:
        raise ProgramMissing(target, program, package)
    return found


@dataclass(frozen=True)
class Child:
    """A process in a session and group of its own, its output in ``log``."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


@dataclass(frozen=True)
class Seen:
    """A process told apart from a later one with the same number by its start."""

    pid: int
    started: str


class Nursery:
    """Starts children from one thread that lives as long as the nursery.

    The kernel's parent-death signal fires when the *thread* that started a child ends,
    so a child started from a short-lived worker thread would die with that thread.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="demo-targets")
        self._setpriv = find_program("supervisor", "setpriv", "util-linux")

    def spawn(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        groups: Sequence[int] = (),
    ) -> Child:
        """Start ``command``; ``groups`` are supplementary groups, for root only."""
        guard = [self._setpriv, "--pdeathsig", "KILL"]
        if groups:
            guard += ["--groups", ",".join(str(group) for group in groups)]

        def start() -> Child:
            with log.open("ab") as output:
                process = subprocess.Popen(  # noqa: S603 - fixed programs
                    [*guard, "--", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=directory,
                    env={**_plain_environment(), **(environment or {})},
                    pass_fds=pass_fds,
                    start_new_session=True,
                )
            return Child(name, process, log)

        return self._thread.submit(start).result()

    def end(self, children: Iterable[Child]) -> None:
        """Ask each child and its offspring to end, then insist. Never anything else."""
        ours = list(children)
        offspring = [seen for child in ours for seen in _offspring(child.process.pid)]
        for child in ours:
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + TERM_SECONDS
        for child in ours:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.05, deadline - time.monotonic()))
        for child in ours:
            _signal_group(child, signal.SIGKILL)
        # A shell of the SSH server is in a session of its own.
        for seen in offspring:
            if _seen(seen.pid) == seen:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(seen.pid, signal.SIGKILL)
        for child in ours:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(KILL_SECONDS)
        deadline = time.monotonic() + KILL_SECONDS
        while any(_seen(seen.pid) == seen for seen in offspring):
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)

    def close(self) -> None:
        self._thread.shutdown(wait=True)


def _plain_environment() -> dict[str, str]:
    """What a target may see of our environment: nothing of the portal's settings."""
    kept = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
    plain = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **plain}


def _signal_group(child: Child, number: signal.Signals) -> None:
    # After wait() the number may belong to somebody else, unless the group still has
    # members; a group's number is not given away while it has.
    if child.process.returncode is not None and not _group_members(child.process.pid):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, number)


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the state on, None when there is no such process."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = line.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields


def _seen(pid: int) -> Seen | None:
    fields = _stat(pid)
    return None if fields is None else Seen(pid, fields[19])


def _all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _group_members(group: int) -> list[int]:
    return [
        pid
        for pid in _all_pids()
        if (fields := _stat(pid)) is not None and int(fields[2]) == group
    ]


def _offspring(parent: int) -> list[Seen]:
    children: dict[int, list[int]] = {}
    for pid in _all_pids():
        fields = _stat(pid)
        if fields is not None:
            children.setdefault(int(fields[1]), []).append(pid)
    found: list[Seen] = []
    waiting = list(children.get(parent, ()))
    while waiting:
        pid = waiting.pop()
        seen = _seen(pid)
        if seen is not None:
            found.append(seen)
        waiting += children.get(pid, ())
    return found
