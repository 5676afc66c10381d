"""`./portal demo` as a person at a terminal knows it: start, crash, start again, Ctrl-C."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from accessportal.launcher import ports, running
from accessportal.launcher.data_dir import open_data_dir
from accessportal.launcher.guacd import Guacd, is_guacd
from accessportal.launcher.paths import ROOT
from accessportal.launcher.running import Run, Terminated

pytestmark = [
    pytest.mark.guacd,
    pytest.mark.timeout(300),
]

FIRST_START_SECONDS = 180  # the demo's past is worked through once


class Demo:
    """One run of `./portal demo`, its words in a file."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.url = f"http://localhost:{port}"
        self.words_file = data_dir.parent / "words.txt"
        self.began = time.monotonic()
        with self.words_file.open("wb") as words:
            self.process = subprocess.Popen(
                [ROOT / "portal", "demo", "--port", str(port), "--data-dir", data_dir],
                env=plain_environment(),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
            )

    @property
    def words(self) -> str:
        return self.words_file.read_text(encoding="utf-8", errors="replace")

    def wait_for_login_page(self, seconds: float) -> float:
        """Seconds from the start to the login page."""
        while True:
            try:
                with urllib.request.urlopen(
                    f"{self.url}/accounts/login/", timeout=5
                ) as page:
                    assert page.status == 200
                    return time.monotonic() - self.began
            except OSError:  # refused, reset, or not answered in time
                assert self.process.poll() is None, self.words
                assert time.monotonic() - self.began < seconds, self.words
                time.sleep(0.1)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=40)


def plain_environment() -> dict[str, str]:
    """A person's environment, not the one of the tests."""
    hidden = ("PORTAL_", "PYTEST_", "DJANGO_SETTINGS_MODULE", "GUACD")
    return {
        name: value for name, value in os.environ.items() if not name.startswith(hidden)
    }


@pytest.fixture
def demos(tmp_path: Path) -> Iterator[list[Demo]]:
    """Whatever a test starts is ended, also when the test fails half-way."""
    started: list[Demo] = []
    yield started
    for demo in started:
        if demo.process.poll() is None:
            demo.process.kill()
            demo.process.wait()
        Guacd(demo.data_dir).stop()


def test_the_life_of_a_demo(tmp_path: Path, demos: list[Demo]) -> None:
    port = ports.free_port()
    data_dir = tmp_path / "demo"
    foreign = Guacd(tmp_path)  # somebody else's guacd, which is nobody's business
    foreign.start()
    try:
        first = Demo(data_dir, port)
        demos.append(first)
        first_took = first.wait_for_login_page(FIRST_START_SECONDS)
        content = everything_is_said(first)
        machines_answer_on_loopback_only(content)

        guacd = Guacd(data_dir)
        guacd_pid = guacd.pid()
        assert guacd_pid is not None
        listening_on_loopback(int(guacd.port_file.read_text()))
        somebody_else_is_told_what_is_taken(data_dir, port)

        first.end(signal.SIGKILL)
        assert is_guacd(guacd_pid), "guacd outlives a crash of the portal"

        second = Demo(data_dir, port)
        demos.append(second)
        # No number of seconds: the other worker's tests may have both cores.
        assert second.wait_for_login_page(120) < first_took, "the past is not made anew"
        assert guacd.pid() == guacd_pid, "the second start uses the guacd that is there"
        assert everything_is_said(second) == content

        assert second.end(signal.SIGINT) == 0, second.words
        assert "Access Portal has stopped." in second.words
        assert "Traceback" not in second.words
        assert not is_guacd(guacd_pid)
        for target in content["targets"]:
            assert ports.is_free(target["port"]), target
        assert foreign.pid() is not None, "what it did not start goes on"
    finally:
        foreign.stop()


def everything_is_said(demo: Demo) -> dict:  # type: ignore[type-arg]
    """The people on the terminal are those in `demo.json`."""
    content = json.loads((demo.data_dir / "demo.json").read_text(encoding="utf-8"))
    assert content["url"] == demo.url
    assert demo.url in demo.words
    for person in content["people"]:
        assert set(person) == {"role", "name", "email", "password", "totp_secret"}
        line = next(line for line in demo.words.splitlines() if person["email"] in line)
        assert person["password"] in line
        assert re.search(r"\b\d{6}$", line)
    roles = {person["role"] for person in content["people"]}
    assert {"contractor", "OT supervisor", "compliance", "IT security"} <= roles
    assert (demo.data_dir / "demo.json").stat().st_mode & 0o077 == 0
    return content  # type: ignore[no-any-return]


def machines_answer_on_loopback_only(content: dict) -> None:  # type: ignore[type-arg]
    protocols = {target["protocol"] for target in content["targets"]}
    assert protocols == {"vnc", "rdp", "ssh", "telnet"}
    for target in content["targets"]:
        assert set(target) == {"asset", "protocol", "host", "port"}
        assert target["host"] == "127.0.0.1"
        listening_on_loopback(target["port"])


def listening_on_loopback(port: int) -> None:
    """The kernel's own list of listening sockets knows this port on 127.0.0.1 only."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, hexadecimal = local.split(":")
            if int(hexadecimal, 16) == port and state == "0A":
                found.append(address)
    loopback = socket.inet_aton("127.0.0.1")[::-1].hex().upper()
    assert found == [loopback], f"port {port} listens on {found}"


def somebody_else_is_told_what_is_taken(data_dir: Path, port: int) -> None:
    same_data = run(
        "demo", "--port", str(ports.free_port()), "--data-dir", str(data_dir)
    )
    assert same_data.returncode == 1
    assert "already runs on" in same_data.stderr
    same_port = run(
        "demo", "--port", str(port), "--data-dir", str(data_dir.parent / "other")
    )
    assert same_port.returncode == 1
    assert f"port {port} on 127.0.0.1 cannot be used" in same_port.stderr
    assert f"--port {port + 1}" in same_port.stderr


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "portal", *words],
        env=plain_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.mark.parametrize(
    ("end", "stays"), [(Terminated, True), (KeyboardInterrupt, False)]
)
def test_guacd_stays_for_a_restart_by_a_service_manager_and_not_after_ctrl_c(
    end: type[BaseException],
    stays: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own_signals: None,
) -> None:
    def ended(*_: object) -> None:
        raise end

    monkeypatch.delenv("GUACD", raising=False)
    monkeypatch.setenv("PORTAL_PUBLIC_URL", "http://localhost")
    monkeypatch.setattr(running, "set_environment", lambda run, guacd: None)
    monkeypatch.setattr(running, "prepare_django", lambda: None)
    monkeypatch.setattr(running, "serve", ended)
    data_dir = tmp_path / "data"
    try:
        running.run_portal(
            Run(False, "127.0.0.1", ports.free_port(), data_dir, reset=False)
        )
        assert (Guacd(data_dir).pid() is not None) is stays
    finally:
        Guacd(data_dir).stop()


@pytest.fixture
def own_signals() -> Iterator[None]:
    """What a start does to this process's signals is undone."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_an_outside_guacd_that_does_not_answer_is_named(tmp_path: Path) -> None:
    port = ports.free_port()
    done = subprocess.run(
        [
            ROOT / "portal",
            "serve",
            "--port",
            str(ports.free_port()),
            "--data-dir",
            tmp_path / "d",
        ],
        env=plain_environment() | {"GUACD": f"127.0.0.1:{port}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 1
    assert f"no guacd accepts connections at 127.0.0.1:{port}" in done.stderr


def test_manage_works_on_a_new_data_directory(tmp_path: Path) -> None:
    done = run("manage", "--data-dir", str(tmp_path / "data"), "check")
    assert done.returncode == 0, done.stderr
    keys = list((tmp_path / "data" / "keys").iterdir())
    assert keys and all(key.stat().st_mode & 0o077 == 0 for key in keys)
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    # The portal that is started on it afterwards takes it for its own.
    open_data_dir(tmp_path / "data", demo=False).close()


def test_manage_leaves_somebody_elses_directory_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years of work")
    done = run("manage", "--data-dir", str(tmp_path), "check")
    assert done.returncode == 1
    assert "not Access Portal's" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("", 2, "./portal demo"),
        ("--help", 0, "a demo plant"),
        ("demo --help", 0, "default: var/demo"),
        ("test --help", 0, "PORTAL_TEST_PROFILE"),
        ("lint -h", 0, "./portal lint style"),
        ("lint nonsense", 1, "no step begins with 'nonsense'"),
        ("bench --help", 0, "what it costs to relay a stream"),
        ("bench relay --help", 0, "--json"),
        ("bench nonsense", 2, "relay"),
    ],
)
def test_who_asks_what_there_is_is_told_and_nothing_is_started(
    words: str, status: int, said: str
) -> None:
    done = run(*words.split())
    assert said in done.stdout + done.stderr
    assert done.returncode == status


def test_an_unknown_command_is_answered_with_the_known_ones() -> None:
    done = run("frobnicate")
    assert done.returncode == 2
    assert "demo" in done.stderr and "serve" in done.stderr
