"""A private PostgreSQL and Redis for one run of the tests: new, on loopback, then gone."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from accessportal.launcher import ports
from accessportal.launcher.console import SetupProblem
from accessportal.launcher.system import find, postgres_bin

# A crash of the machine may lose this data, so nothing needs to reach the disk.
POSTGRES_SETTINGS = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "shared_buffers=128MB",
    "timezone=UTC",
]


@dataclass(frozen=True)
class Services:
    """Addresses for the production profile's settings."""

    database_url: str
    redis_url: str


@contextmanager
def services() -> Iterator[Services]:
    """Start both servers, and stop them by process id whatever happens."""
    directory = Path(tempfile.mkdtemp(prefix="access-portal-services-"))
    directory.chmod(
        0o711
    )  # PostgreSQL refuses to run as root, so another user comes in
    running: list[subprocess.Popen[bytes]] = []
    try:
        database_url = start_postgres(directory / "postgres", running)
        redis_url = start_redis(directory / "redis", running)
        yield Services(database_url, redis_url)
    finally:
        # An impatient second Ctrl-C must not leave a server behind.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        for process in reversed(running):
            stop(process)
        shutil.rmtree(directory, ignore_errors=True)
        signal.signal(signal.SIGINT, before)


def start_postgres(directory: Path, running: list[subprocess.Popen[bytes]]) -> str:
    """Make a cluster of our own and start it; returns its URL."""
    programs = postgres_bin()
    if programs is None:
        raise SetupProblem("PostgreSQL's server programs are not installed.")
    directory.mkdir()
    as_user = unprivileged_user(directory)
    made = subprocess.run(
        [*as_user, programs / "initdb", "-D", directory / "data", "-U", "postgres",
         "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
        cwd=directory, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode != 0:
        raise SetupProblem(f"initdb failed:\n{made.stderr}")
    port = ports.free_port()
    settings = [word for setting in POSTGRES_SETTINGS for word in ("-c", setting)]
    log = (directory / "log").open("ab")
    process = subprocess.Popen(
        [*as_user, programs / "postgres", "-D", directory / "data", "-p", str(port),
         "-h", "127.0.0.1", "-k", directory, *settings],
        cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    log.close()
    running.append(process)
    deadline = time.monotonic() + 30
    while not answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SetupProblem(
                f"PostgreSQL does not start:\n{(directory / 'log').read_text(errors='replace')}"
            )
        time.sleep(0.1)
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def answers(port: int) -> bool:
    """True when the server takes connections."""
    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def start_redis(directory: Path, running: list[subprocess.Popen[bytes]]) -> str:
    """Start a Redis that keeps nothing; returns its URL."""
    program = find("redis-server")
    if program is None:
        raise SetupProblem("redis-server is not installed.")
    directory.mkdir()
    port = ports.free_port()
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", str(directory), "--databases", "64"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    running.append(process)
    if not ports.accepts("127.0.0.1", port, within_seconds=10):
        raise SetupProblem(f"Redis does not start:\n{(directory / 'log').read_text()}")
    return f"redis://127.0.0.1:{port}/0"


def unprivileged_user(directory: Path) -> list[str]:
    """The words before a command that make it run as somebody other than root."""
    if os.geteuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(directory, user.pw_uid, user.pw_gid)
        return [
            "setpriv",
            f"--reuid={user.pw_uid}",
            f"--regid={user.pw_gid}",
            "--clear-groups",
        ]
    raise SetupProblem(
        "PostgreSQL does not run as root, and there is no user `postgres`."
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End one server that we started: politely, then for certain."""
    # SIGINT is PostgreSQL's fast shutdown; Redis without a save ends at once too.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
