"""`./portal test ARGS`: everything on the embedded profile, and again what touches data on
PostgreSQL and Redis. ARGS go to pytest as they are.
"""

import json
import os
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from accessportal.launcher.console import SetupProblem, say
from accessportal.launcher.paths import ROOT, VENV_PYTHON
from accessportal.launcher.test_services import services

WORKERS = {"beside-browser": "4", "data": "3", "browser": "0"}
"""By part of the tests, for two cores: all wait a part of their time for targets, processes,
servers and deadlines; the last two parts run at the same time. With one fewer of each, a seventh
of both cores was idle and the whole took 982 s instead of 875 s."""

NO_TEST_FOUND = 5  # pytest's own exit status
OPTIONS_FOR_WORKERS = (
    "-n",
    "--numprocesses",
    "--dist",
    "--pdb",
    "--trace",
    "--collect-only",
)


@dataclass
class Outcome:
    """What one run of pytest came to."""

    status: int
    passed: int = 0
    failed: int = 0

    @property
    def broken(self) -> bool:
        """True when pytest was interrupted, broke, or was called wrongly."""
        return self.status in {2, 3, 4}

    @property
    def ok(self) -> bool:
        """True when nothing failed; choosing tests that are all of the other run is fine."""
        return self.status in {0, NO_TEST_FOUND} and self.failed == 0


def run_tests(arguments: list[str]) -> int:
    """Run both profiles; returns the exit status of the whole.

    PORTAL_TEST_PROFILE=embedded or production runs that one only.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C
    only = os.environ.get("PORTAL_TEST_PROFILE", "")
    if only not in {"", "embedded", "production"}:
        raise SetupProblem("PORTAL_TEST_PROFILE is either embedded or production.")
    began = time.monotonic()
    outcomes = []
    if only != "production":
        say("== Embedded profile: SQLite, everything in one process")
        outcomes += [embedded(arguments, "beside-browser")]
    if not any(outcome.broken for outcome in outcomes):
        outcomes += in_browser_and_production(arguments, only)
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    good = all(outcome.ok for outcome in outcomes) and passed > 0
    which = f"{only.capitalize()} profile" if only else "Both profiles"
    say(f"\n{which}, {time.monotonic() - began:.0f} s:")
    if not good and failed == 0:
        say("No test ran, or a run did not come to its end; see above.")
    say(f"{passed} passed, {failed} failed")
    return 0 if good else 1


def in_browser_and_production(arguments: list[str], only: str) -> list[Outcome]:
    """The browser's run waits for pages most of its time: production's goes on beside it.

    What the browser's run says comes when both are over.
    """
    outcomes: list[Outcome] = []
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as said,
        ThreadPoolExecutor(1) as beside,
    ):
        browser = None
        if only != "production":
            browser = beside.submit(embedded, arguments, "browser", said)
        if only != "embedded":
            say(
                "\n== Production profile: PostgreSQL and Redis; "
                "the tests that touch data"
            )
            outcomes.append(production(arguments))
        if browser is not None:
            outcomes.append(browser.result())
            say("\n== Embedded profile, in a real browser")
            said.seek(0)
            say(said.read())
    return outcomes


def embedded(arguments: list[str], only: str, output: TextIO | None = None) -> Outcome:
    """One part of the tests (`RUNS` of tests/conftest.py), with no server beside."""
    environment = {"PORTAL_PROFILE": "embedded", "PORTAL_TEST_ONLY": only}
    return pytest(arguments, environment, output)


def production(arguments: list[str]) -> Outcome:
    """What touches data, on servers of our own."""
    with services() as running:
        environment = {
            "PORTAL_PROFILE": "production",
            "PORTAL_DATABASE_URL": running.database_url,
            "PORTAL_REDIS_URL": running.redis_url,
            "PORTAL_TEST_ONLY": "data",
        }
        # The whole cluster goes away, so no test database has to be dropped.
        return pytest(["--reuse-db", *arguments], environment)


def pytest(
    arguments: list[str], environment: dict[str, str], output: TextIO | None = None
) -> Outcome:
    """One run of pytest, its words going straight to the terminal, or to `output`."""
    with tempfile.TemporaryDirectory(prefix="access-portal-outcome-") as directory:
        counts = Path(directory) / "counts.json"
        done = subprocess.run(
            [VENV_PYTHON, "-m", "pytest", "-p", "accessportal.launcher.counting",
             *workers(arguments, environment["PORTAL_TEST_ONLY"]), *arguments],
            cwd=ROOT,
            env=clean_environment() | environment | {"PORTAL_TEST_COUNTS": str(counts)},
            stdout=output, stderr=output, check=False,
        )  # fmt: skip
        outcome = Outcome(done.returncode)
        if counts.exists():
            found = json.loads(counts.read_text(encoding="ascii"))
            outcome.passed, outcome.failed = found["passed"], found["failed"]
        return outcome


def workers(arguments: list[str], only: str) -> list[str]:
    """Those of this part, unless the person says otherwise."""
    if any(word.startswith(OPTIONS_FOR_WORKERS) for word in arguments):
        return []
    return ["-n", WORKERS[only]]


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of a portal that somebody runs."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PORTAL_")
    }
