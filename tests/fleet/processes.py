"""The processes of a plant that its tests kill and start: brokers and the web."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from accessportal.launcher.ports import accepts, free_port

ROOT = Path(__file__).resolve().parent.parent.parent
CSRF = "c" * 32
STARTS_SECONDS = 40.0


class BrokerProcess:
    """One `manage.py run_broker`."""

    def __init__(self, name: str, log: Path, environment: dict[str, str]) -> None:
        self.name = name
        self.port = free_port(0)
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "run_broker", "--port", str(self.port)],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**environment, "PORTAL_BROKER_NAME": name},
            )  # fmt: skip
        self.stopped = False

    def signal(self, number: int) -> None:
        self._process.send_signal(number)
        self.stopped = number == signal.SIGSTOP

    def kill(self) -> None:
        """As a crash: not a word to anybody."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> float:
        """As a deploy: SIGTERM. Returns the seconds that it took."""
        began = time.monotonic()
        self._process.terminate()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - began

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        if self.running:
            self.signal(signal.SIGCONT)
            self.kill()


class WebProcess:
    """The web of production, as its unit starts it: pages and tickets, no session in it."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        self.port = free_port(0)
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", "accessportal.asgi:application",
                 "--host", "127.0.0.1", "--port", str(self.port), "--lifespan", "off"],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=environment,
            )  # fmt: skip
        assert accepts("127.0.0.1", self.port, within_seconds=STARTS_SECONDS)

    def kill(self) -> None:
        """As a crash: not a word to anybody."""
        self._process.kill()
        self._process.wait()

    def ticket(self, session: str, cookie: str) -> dict[str, str]:
        """What it answers to the console's script."""
        headers = {
            "Cookie": f"portal_session={cookie}; portal_csrf={CSRF}",
            "X-CSRFToken": CSRF,
            "Accept": "application/json",
        }
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("POST", f"/sessions/{session}/ticket/", "", headers)
            answer = line.getresponse()
            said: dict[str, str] = json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException):
            return {"refused": "no_answer"}
        finally:
            line.close()
        return said if answer.status == 200 else {"refused": said.get("code", "")}
