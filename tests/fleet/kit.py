"""A production plant in processes: PostgreSQL, Redis, guacd, a machine, a web, brokers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from accessportal.demo.targets import start_targets
from accessportal.keys import ensure_keys
from accessportal.launcher import test_services
from accessportal.launcher.guacd import Guacd
from tests.fleet.console import Console, Pinging
from tests.fleet.processes import ROOT, BrokerProcess, WebProcess
from tests.session_flow.evidence import felt_by, felt_unrecorded

ORIGIN = "http://127.0.0.1:8000"
PATIENCE = 40.0
KEY = ord("a")
TAP = (("key", KEY, 1), ("key", KEY, 0))


def until(
    met: Callable[[], Any], seconds: float = PATIENCE, every: float = 0.05
) -> Any:
    """Wait until `met()` is truthy; returns it."""
    end = time.monotonic() + seconds
    while not (found := met()):
        if time.monotonic() > end:
            raise TimeoutError(f"not in {seconds:g} s")
        time.sleep(every)
    return found


def stop_all(servers: list[subprocess.Popen[bytes]]) -> None:
    for server in servers:
        test_services.stop(server)


class StageError(Exception):
    """What the web's process could not do."""


class Fleet:
    """`with Fleet(place) as fleet:`; `fleet.stage("row", session)` asks the web's process."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.brokers: dict[str, BrokerProcess] = {}
        self._running = ExitStack()
        self._lock = threading.Lock()
        self._number = 0
        self.consoles: list[Console] = []
        self.sessions: dict[str, dict[str, int]] = {}
        """Of this test: each session, and the presses that the machine had felt before."""

    def __enter__(self) -> Fleet:
        try:
            self._start()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        for console in self.consoles:
            console.stop()
        for broker in self.brokers.values():
            broker.end()
        self._running.close()

    def _start(self) -> None:
        servers: list[subprocess.Popen[bytes]] = []
        # PostgreSQL does not run as root: another user has to come in.
        directory = Path(tempfile.mkdtemp(prefix="access-portal-fleet-"))
        directory.chmod(0o711)
        self._running.callback(lambda: shutil.rmtree(directory, ignore_errors=True))
        self._running.callback(stop_all, servers)
        database = test_services.start_postgres(directory / "postgres", servers)
        self._postgres = servers[0]
        redis = test_services.start_redis(directory / "redis", servers)
        self._servers = servers
        guacd = Guacd(self.place)
        address = guacd.ensure()
        self._running.callback(guacd.stop)
        self.targets = self._running.enter_context(
            start_targets(self.place / "machines", only=["vnc"])
        )
        ensure_keys(self.place / "keys")
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")},
            "DJANGO_SETTINGS_MODULE": "accessportal.settings",
            "PORTAL_PROFILE": "production",
            "PORTAL_DATA_DIR": str(self.place),
            "PORTAL_KEYS_DIR": str(self.place / "keys"),
            "PORTAL_DATABASE_URL": database,
            "PORTAL_REDIS_URL": redis,
            "PORTAL_PUBLIC_URL": ORIGIN,
            "PORTAL_GUACD": address,
            "PORTAL_LOG_LEVEL": "WARNING",
            "PORTAL_STATIC_MANIFEST": "0",
            "PORTAL_MAX_SESSIONS_PER_PERSON": "0",
        }
        log = self._running.enter_context((self.place / "stage.log").open("w"))
        self._stage = subprocess.Popen(
            [
                sys.executable, "-m", "tests.fleet.stage",
                json.dumps(self.targets.describe()),
            ],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            env=self.environment | {"DJANGO_SETTINGS_MODULE": "tests.staged_settings"},
        )  # fmt: skip
        self._running.callback(self._stage.kill)
        assert self._heard() == "ready", (self.place / "stage.log").read_text()
        self.window = self.stage("window", "vera", "vnc")["window"]
        self.cookie = self.stage("sign_in", "vera")

    def stage(self, name: str, *positional: Any, **named: Any) -> Any:
        with self._lock:
            assert self._stage.stdin is not None
            self._stage.stdin.write(json.dumps([name, positional, named]) + "\n")
            self._stage.stdin.flush()
            return self._heard()

    def _heard(self) -> Any:
        assert self._stage.stdout is not None
        line = self._stage.stdout.readline()
        assert line, (self.place / "stage.log").read_text()[-3000:]
        said = json.loads(line)
        if "error" in said:
            raise StageError(said["error"])
        return said["answer"]

    def ticket(self, session: str) -> dict[str, str]:
        """What the web answers to the console, also while it cannot answer."""
        try:
            answer: dict[str, str] = self.stage("ticket", "vera", session, self.cookie)
        except StageError:
            return {"refused": "no_answer"}
        return answer

    def database_away(self, seconds: float) -> None:
        """PostgreSQL is restarted, and takes so long."""
        before = self._postgres
        test_services.stop(before)
        time.sleep(seconds)
        self._postgres = subprocess.Popen(
            before.args, cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._servers[self._servers.index(before)] = self._postgres
        until(self._database_answers)

    def redis_away(self) -> AbstractContextManager[None]:
        """Redis is killed, and comes back behind the block."""
        return self._without(1)

    @contextmanager
    def _without(self, place: int) -> Iterator[None]:
        before = self._servers[place]
        before.kill()
        before.wait()
        try:
            yield
        finally:
            self._servers[place] = subprocess.Popen(
                before.args, cwd="/", stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    def _database_answers(self) -> bool:
        try:
            return bool(self.stage("living"))
        except StageError:
            return False

    # --- Brokers ---------------------------------------------------------------------------

    def start_web(self) -> WebProcess:
        return WebProcess(self.place / "web.log", self.environment)

    def start_broker(self, name: str = "", **settings: str) -> BrokerProcess:
        """`settings`: PORTAL_* variables in which this one differs."""
        if not name:
            self._number += 1
            name = f"broker-{self._number}"
        environment = self.environment | settings
        broker = BrokerProcess(name, self.place / f"{name}.log", environment)
        self.brokers[name] = broker
        return broker

    def brokers_living(self, count: int) -> list[BrokerProcess]:
        """Have exactly so many brokers that the database counts on."""
        alive = [one for one in self.brokers.values() if one.running]
        for broker in alive[count:]:
            broker.stop()
        names = {one.name for one in alive[:count]}
        while len(names) < count:
            names.add(self.start_broker().name)
        until(lambda: set(self.stage("living")) == names)
        return [self.brokers[name] for name in sorted(names)]

    # --- Sessions --------------------------------------------------------------------------

    def session(
        self, ask_ticket: Callable[[str], dict[str, str]] | None = None
    ) -> tuple[str, Console]:
        """Vera connects to the filling line's screen: the session, and her console."""
        felt = felt_by(self.hmi)
        session = self.stage("begin", "vera", self.window, "vnc", self.cookie)
        self.sessions[session] = felt
        console = Console(
            lambda: (ask_ticket or self.ticket)(session),
            self._place,
            cookie=self.cookie,
            origin=ORIGIN,
        )
        self.consoles.append(console)
        until(lambda: console.pictures)
        until(lambda: console.may_send)
        return session, console

    def anchored(self, session: str) -> dict[str, Any]:
        """The session's row once another broker keeps an anchor."""
        found: dict[str, Any] = until(lambda: self.row_if(session, anchored_at=True))
        return found

    def row_if(self, session: str, **having: Any) -> dict[str, Any] | None:
        row: dict[str, Any] = self.stage("row", session)
        return row if having.items() <= row.items() else None

    def end(self, session: str) -> None:
        """Vera is done; the proof may take as long as guacd keeps a dead broker's user."""
        self.stage("end", "vera", session)
        until(lambda: self.row_if(session, end_reason="ended_by_contractor"))

    def nothing_went_unrecorded(self) -> None:
        """What the machine felt, the input track holds, whatever happened meanwhile."""
        for session, before in self.sessions.items():
            after, journalled = felt_by(self.hmi), self.stage("presses", session)
            assert felt_unrecorded(before, after, journalled) == {}

    def evidence(self, session: str) -> dict[str, Any]:
        """The recording, sealed and verified."""
        until(lambda: self.stage("recording", session)["state"] != "writing")
        self.stage("look_over", session)
        found: dict[str, Any] = self.stage("recording", session)
        assert (found["verified"], found["error"]) == (True, "")
        return found

    def over(self, session: str, who: str = "vera") -> dict[str, Any]:
        """End the session, and wait for the proof."""
        self.stage("end", who, session)
        found: dict[str, Any] = until(
            lambda: self.row_if(session, end_confirmed_at=True)
        )
        return found

    def _place(self, path: str) -> str:
        """What the proxy does: to the broker of the path's name."""
        name = path.split("/")[2]
        return f"ws://127.0.0.1:{self.brokers[name].port}{path}"

    # --- The machine -----------------------------------------------------------------------

    @property
    def hmi(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(
            Path(self.targets["vnc"].state_path).read_text()
        )
        return state

    @property
    def felt(self) -> dict[str, int]:
        """Presses of the jog button and of keys, counted by the machine."""
        hmi = self.hmi
        return {"jog": hmi["jog"]["presses"], "keys": hmi["input"]["key_presses"]}

    def middle_of(self, button: str) -> tuple[int, int]:
        left, top, right, bottom = self.hmi["buttons"][button]
        return (left + right) // 2, (top + bottom) // 2

    def hold_jog(self, console: Console) -> Pinging:
        """Press and hold the conveyor's jog button until the machine feels it."""
        x, y = self.middle_of("jog")
        pinging = Pinging(console)

        def held() -> bool:
            if not self.hmi["jog"]["down"]:
                console.send(("mouse", x, y, 0), ("mouse", x, y, 1))
                time.sleep(0.5)
            return bool(self.hmi["jog"]["down"])

        until(held)
        return pinging

    def hold_key(self, console: Console) -> None:
        """Press a key and hold it until the machine feels it."""

        def held() -> bool:
            if not self.hmi["input"]["keys_down"]:
                console.send(("key", KEY, 0), ("key", KEY, 1))
                time.sleep(0.5)
            return bool(self.hmi["input"]["keys_down"])

        until(held)

    def pause_while(self, console: Console, doing: Callable[[], Any]) -> float:
        """The longest time between two presses that the machine felt, while that is done."""
        felt = [self.press_works(console)]
        worker = threading.Thread(target=doing)
        worker.start()
        while worker.is_alive():
            felt.append(self.press_works(console))
        felt.append(self.press_works(console))
        return max(after - before for before, after in pairwise(felt))

    def press_works(self, console: Console) -> float:
        """Press the jog button and a key once and let go; when the machine had felt both."""
        x, y = self.middle_of("jog")
        before = self.felt

        def felt() -> bool:
            if not console.may_send:
                return False
            console.send(("mouse", x, y, 0), ("mouse", x, y, 1), *TAP)
            time.sleep(0.15)
            console.send(("mouse", x, y, 0))
            return all(self.felt[kind] > before[kind] for kind in before)

        until(felt)
        return time.monotonic()
