"""The capper's controller console, over telnet."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .facts import TargetFacts
from .secret_store import make_password, write_private
from .target import Target
from .waiting import answers, wait_until

USERNAME = "service"
CONSOLE = Path(__file__).resolve().parent / "plc_console.py"


class TelnetTarget(Target):
    """A clear-text console as old machines have it: login, then one command a line."""

    key = "telnet"
    asset = "Capper CP-3"
    protocol = "telnet"

    def start(self, port: int) -> TargetFacts:
        password = self.secrets.get("telnet_password", lambda: make_password(10))
        login = self.directory / "login.json"
        write_private(
            login, json.dumps({"username": USERNAME, "password": password}).encode()
        )
        state = self.directory / "state.json"
        state.unlink(missing_ok=True)
        console = self.nursery.spawn(
            self.asset,
            [
                sys.executable, "-I", str(CONSOLE), "--port", str(port),
                "--login", str(login), "--state", str(state),
            ],
            log=self.directory / "console.log",
            directory=self.directory,
        )  # fmt: skip
        self.children.append(console)
        wait_until("the login prompt", console, lambda: answers(port, b"login: "))
        return TargetFacts(
            key=self.key,
            asset=self.asset,
            protocol=self.protocol,
            port=port,
            username=USERNAME,
            password=password,
            state_path=str(state),
        )
