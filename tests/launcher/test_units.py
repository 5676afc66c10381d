"""The units in deploy/ start what they say, from the commands that stand in them."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import pytest
from celery import Celery

from accessportal.launcher import ports
from accessportal.launcher.guacd import LOG_LEVEL
from accessportal.launcher.paths import ROOT
from accessportal.launcher.test_services import services
from tests.launcher.test_run_script import plain_environment

pytestmark = pytest.mark.timeout(240)

UNITS = ROOT / "deploy" / "systemd"
PROCESSES = ("web", "broker@", "worker", "beat")
SET_UP = (
    ("ensure_keys",),  # settings read the keys: what comes after is another process
    ("migrate", "collectstatic --no-input", "check --deploy"),
)
ONE_AFTER_THE_OTHER = """
import sys
from django.core.management import execute_from_command_line
for words in sys.argv[1:]:
    execute_from_command_line(["manage.py", *words.split()])
"""


def unit(name: str) -> RawConfigParser:
    """A unit file; where a key stands several times, all its values in lines."""
    text = (UNITS / f"{name}.service").read_text(encoding="utf-8").replace("\\\n", " ")
    text = re.sub(r"^[#;].*\n", "", text, flags=re.MULTILINE)
    seen: dict[str, int] = {}

    def numbered(match: re.Match[str]) -> str:
        seen[match[1]] = seen.get(match[1], 0) + 1
        return match[0] if seen[match[1]] == 1 else f"{match[1]}.{seen[match[1]]}="

    parser = RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(re.sub(r"^(\w+)=", numbered, text, flags=re.MULTILINE))
    return parser


def command(name: str, port: int) -> list[str]:
    """The unit's command, in this checkout and on a free port."""
    words = shlex.split(unit(name)["Service"]["ExecStart"])
    words = [word.replace("/opt/access-portal", str(ROOT)) for word in words]
    words = [word.replace("${PORTAL_BROKER_PORT}", str(port)) for word in words]
    if "--port" in words:
        words[words.index("--port") + 1] = str(port)
    return words


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of the example file, on servers of our own, set up as it says."""
    data = tmp_path_factory.mktemp("production")
    with services() as running:
        example = (ROOT / "deploy" / "portal.env.example").read_text(encoding="utf-8")
        environment = dict(re.findall(r"^(PORTAL_\w+)=(.*)$", example, re.MULTILINE))
        environment |= {
            "PORTAL_DATABASE_URL": running.database_url,
            "PORTAL_REDIS_URL": running.redis_url,
            "PORTAL_KEYS_DIR": str(data / "keys"),
            "PORTAL_DATA_DIR": str(data),
            "PORTAL_RECORDINGS_DIR": str(data / "recordings"),
            "PORTAL_BROKER_NAME": "broker-1",
            "PORTAL_ALLOWED_HOSTS": "127.0.0.1",
        }
        environment = plain_environment() | environment
        environment["DJANGO_SETTINGS_MODULE"] = "accessportal.settings"
        for commands in SET_UP:
            done = subprocess.run(
                [sys.executable, "-c", ONE_AFTER_THE_OTHER, *commands],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        yield environment


@pytest.fixture
def start(production: dict[str, str], tmp_path: Path) -> Iterator[object]:
    """Starts one unit's command; whatever was started is ended."""
    running: list[subprocess.Popen[bytes]] = []

    def start_unit(name: str, port: int = 0) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command(f"access-portal-{name}", port),
                cwd=ROOT, env=production, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        running.append(process)
        return process

    yield start_unit
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answer(port: int, process: subprocess.Popen[bytes], log: Path) -> int:
    """Status of the sign-in page as the proxy would ask for it."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/accounts/login/",
        headers={"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"},
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(asked, timeout=5) as page:
                return int(page.status)
        except OSError:  # refused, reset, or not answered in time
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)


@pytest.mark.parametrize("name", ["web", "broker@"])
def test_pages_are_answered_and_sigterm_ends_it(
    name: str, start: object, tmp_path: Path
) -> None:
    port = ports.free_port()
    process = start(name, port)  # type: ignore[operator]
    log = tmp_path / f"{name}.log"
    assert answer(port, process, log) == 200
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    assert "Traceback" not in log.read_text()


def test_the_worker_takes_tasks_and_beat_sends_them(
    start: object, production: dict[str, str], tmp_path: Path
) -> None:
    worker = start("worker")  # type: ignore[operator]
    beat = start("beat")  # type: ignore[operator]
    deadline = time.monotonic() + 60
    broker = production["PORTAL_REDIS_URL"]
    with Celery("asks", broker=broker, set_as_current=False) as asks:
        while not asks.control.ping(timeout=1, limit=1):
            words = (tmp_path / "worker.log").read_text()
            assert worker.poll() is None and time.monotonic() < deadline, words
    assert beat.poll() is None, (tmp_path / "beat.log").read_text()
    for process in (worker, beat):
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def test_every_unit_starts_in_the_project_root_without_privileges() -> None:
    """The apps' names depend on the directory (docs/decisions/0001-app-names.md)."""
    for name in (
        *(f"access-portal-{process}" for process in PROCESSES),
        "access-portal",
    ):
        service = unit(name)["Service"]
        assert service["WorkingDirectory"] == "/opt/access-portal"
        assert service["User"] == "access-portal"
        assert service["NoNewPrivileges"] == "yes"


def test_guacd_listens_on_loopback_only() -> None:
    words = shlex.split(unit("access-portal-guacd")["Service"]["ExecStart"])
    assert words[words.index("-b") + 1] == "127.0.0.1"


def test_guacd_writes_down_no_more_than_where_the_script_starts_it() -> None:
    words = shlex.split(unit("access-portal-guacd")["Service"]["ExecStart"])
    assert words[words.index("-L") + 1] == LOG_LEVEL


def test_the_embedded_unit_starts_what_the_script_knows() -> None:
    words = shlex.split(unit("access-portal")["Service"]["ExecStart"])
    assert words[0] == "/opt/access-portal/portal" and words[1] == "serve"
