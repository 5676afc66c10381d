"""Processes the bench starts, and what they cost."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from accessportal.launcher import ports
from accessportal.launcher.guacd import children_of

ROOT = Path(__file__).resolve().parents[2]


class BenchProblem(Exception):
    """The bench cannot go on; the message says why, for the person who ran it."""


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    port: int,
    *,
    environment: dict[str, str] | None = None,
) -> Iterator[int]:
    """A process that listens on `port`, for as long as the block lasts; its pid."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    try:
        if not ports.accepts("127.0.0.1", port, within_seconds=60):
            raise BenchProblem(f"{command[0]} does not start; its words are in {log}.")
        yield process.pid
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for it, first kindly."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            continue


def cpu_seconds(pid: int) -> float:
    """CPU seconds used by the threads of a process and of those it started.

    PyPI's Node is started by a Python that waits, so one process is not enough. To the
    nanosecond, from /proc/PID/task/*/schedstat; in units of 10 ms where a kernel lacks it.
    """
    return sum(_cpu_seconds(member) for member in _group(pid))


def peak_rss_mb(pid: int) -> float:
    """The most memory a process has held, in MB (10^6 bytes): the largest of its group."""
    return max(_peak_rss_mb(member) for member in _group(pid))


def _group(pid: int) -> list[int]:
    """The processes of a group; `running` gives each process it starts one of its own."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.getpgid(int(name)) == pid:
                found.append(int(name))
        except ProcessLookupError:
            continue
    if not found:
        raise BenchProblem("the relay has ended")
    return found


def _cpu_seconds(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task")
    try:
        return (
            sum(
                int((task / "schedstat").read_text().split()[0])
                for task in tasks.iterdir()
            )
            / 1e9
        )
    except FileNotFoundError:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def in_memory() -> str:
    """A file system in memory, so that no disk is measured; empty where there is none."""
    shared = Path("/dev/shm")  # noqa: S108 - for a directory of our own in it
    roomy = shared.is_dir() and shutil.disk_usage(shared).free > 4 * 1024**3
    return str(shared) if roomy else ""


def rss_mb(pid: int) -> float:
    """Memory that one process holds now, in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def family_cpu_seconds(pid: int) -> float:
    """CPU seconds used by a process and its living children: a guacd with its connections,
    each of which leaves its parent's group."""
    return sum(_cpu_seconds(member) for member in (pid, *children_of(pid)))


def cpu_of(pids: Iterable[int]) -> float:
    """CPU seconds that these processes, and nobody else, have used so far."""
    return sum(_cpu_seconds(pid) for pid in pids)


def surroundings() -> str:
    """What this machine is and does besides, for the caption of a table."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores ({processor()}), "
        f"load {load} (1, 5, 15 min)"
    )


def processor() -> str:
    """The processor's name, as the kernel has it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
