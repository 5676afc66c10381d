"""A whole portal with guacd and machines, as several benches need it, and what people do there."""

from __future__ import annotations

import http.client
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from accessportal.bench.machines import Machine
from accessportal.bench.processes import BenchProblem, in_memory, running
from accessportal.launcher import ports
from accessportal.launcher.guacd import Guacd
from sessions.guacamole.handshake import GuacdAddress

CSRF = "b" * 32


TICKET_SECONDS = 15.0


class NotNow(BenchProblem):
    """The portal asks to come back in a moment (503)."""


@dataclass(frozen=True)
class Stage:
    """A running portal; `sessions` are their ids, in the order of the machines."""

    port: int
    pid: int
    entry: dict[str, Any]
    database: Path

    @property
    def sessions(self) -> list[str]:
        """The sessions' ids, in the order of the machines."""
        found: list[str] = self.entry["sessions"]
        return found

    def way_in(self, session: str, *, watching: bool = False) -> str:
        """A new ticket, asked for as a browser does, again where it is told to come back:
        the path of a tunnel."""
        deadline = time.monotonic() + TICKET_SECONDS
        while True:
            try:
                answer = self.post(f"/sessions/{session}/ticket/", watching=watching)
            except NotNow:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                ticket = json.loads(answer)
                return f"{ticket['path']}?ticket={ticket['token']}"

    def headers(self, *, watching: bool = False) -> dict[str, str]:
        """What the browser of the contractor, or of the supervisor, sends along."""
        found: dict[str, str] = self.entry["supervisor" if watching else "headers"]
        return found

    def post(self, path: str, *, watching: bool = False, **fields: str) -> bytes:
        """One act of a person's browser. Raises `BenchProblem` when it is refused."""
        headers = dict(self.headers(watching=watching))
        headers["Cookie"] += f"; portal_csrf={CSRF}"
        headers |= {
            "X-CSRFToken": CSRF,
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, 30)) as line:
            line.request("POST", path, urlencode(fields), headers)
            answer = line.getresponse()
            body = answer.read()
        if answer.status >= 400:
            problem = NotNow if answer.status == 503 else BenchProblem
            raise problem(f"{path}: {answer.status} {body[:300]!r}")
        return body

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """These columns of all sessions, straight from the database, times in seconds."""
        asked = f"SELECT {', '.join(columns)} FROM brokered_sessions_brokeredsession"  # noqa: S608 - our own words
        with closing(
            sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        ) as base:
            return [
                tuple(
                    _seconds(column, value)
                    for column, value in zip(columns, row, strict=True)
                )
                for row in base.execute(asked)
            ]

    def until(self, met: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for something. Raises `BenchProblem` naming `what` did not happen."""
        deadline = time.monotonic() + seconds
        while not met():
            if time.monotonic() > deadline:
                raise BenchProblem(f"{what}: not within {seconds:g} s")
            time.sleep(0.1)

    def until_active(self, seconds: float = 90.0) -> list[str]:
        """The sessions that show a picture, once every one does or has failed.

        guacd 1.3.0 sometimes leaves a connection hanging when it is asked for many
        (decision 39); the first session must be there, and nine of ten.
        """

        def states() -> dict[str, str]:
            return {str(UUID(key)): state for key, state in self.rows("id", "state")}

        self.until(
            lambda: set(states().values()) <= {"active", "failed"},
            seconds,
            "sessions become active",
        )
        found = states()
        live = [session for session in self.sessions if found[session] == "active"]
        if self.sessions[0] not in live or len(live) < 0.9 * len(self.sessions):
            raise BenchProblem(f"only {len(live)} of {len(found)} sessions came up")
        return live


def _seconds(column: str, value: Any) -> Any:
    if not column.endswith("_at") or value is None:
        return value
    return datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp()


@contextmanager
def portal(
    directory: Path,
    guacd: GuacdAddress,
    machines: Sequence[Machine],
    *,
    window_seconds: float = 7200.0,
) -> Iterator[Stage]:
    """An embedded portal in a process of its own, with a session on every machine."""
    port = ports.free_port()
    place = in_memory() or directory
    with tempfile.TemporaryDirectory(prefix="bench-", dir=place) as scratch:
        entry = Path(scratch) / "way-in"
        listed = Path(scratch) / "machines.json"
        listed.write_text(json.dumps([one.as_json() for one in machines]))
        command = [
            sys.executable, "-m", "accessportal.bench.peers.portal",
            "--port", str(port), "--guacd", str(guacd.port), "--entry", str(entry),
            "--machines", str(listed), "--window-seconds", str(window_seconds),
        ]  # fmt: skip
        with running(command, directory / "portal.log", port) as pid:
            way_in = json.loads(entry.read_text(encoding="utf-8"))
            database = entry.parent / "portal" / "portal.sqlite3"
            yield Stage(port, pid, way_in, database)


@contextmanager
def real_guacd(directory: Path) -> Iterator[tuple[GuacdAddress, int]]:
    """A guacd just for this: its address and its process id."""
    place = directory / "guacd"
    place.mkdir(exist_ok=True)
    daemon = Guacd(place)
    host, _, port = daemon.start().rpartition(":")
    try:
        yield GuacdAddress(host, int(port)), daemon.pid() or 0
    finally:
        daemon.stop()
