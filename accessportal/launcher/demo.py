"""The demo: its machines, its plant, and the page of people to sign in as."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from accessportal.demo.targets import (
    ProgramMissing,
    TargetFailed,
    Targets,
    start_targets,
)
from accessportal.launcher.codes import table
from accessportal.launcher.console import SetupProblem, say

TARGET_FACTS = ("asset", "protocol", "host", "port")


class Machines:
    """The demo's machines, starting while Django does; stopped when the portal stops."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="demo-machines")
        self._starting = self._pool.submit(start_targets, data_dir, watch=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
        if self._starting.exception() is None:
            self._starting.result().stop()

    def running(self) -> Targets:
        """The machines, once all answer. Raises `SetupProblem` when one does not."""
        try:
            return self._starting.result()
        except (TargetFailed, ProgramMissing) as problem:
            raise SetupProblem(
                f"the demo's machines do not start: {problem}"
            ) from problem

    def fill_plant(self) -> str:
        """Fill the plant around them and write `demo.json`; returns what to print."""
        from accessportal.demo.seed import seed_demo  # Django has to be set up first

        targets = self.running().describe()
        path = self._data_dir / "demo.json"
        if not path.exists():
            say("Filling the demo plant and recording its past: about a minute, once")
        content = {
            "url": os.environ["PORTAL_PUBLIC_URL"],
            "people": seed_demo(targets),
            "targets": [
                {name: facts[name] for name in TARGET_FACTS} for facts in targets
            ],
        }
        write_private(path, json.dumps(content, indent=2) + "\n")
        return welcome(content, path)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads: it holds passwords, if only the demo's."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def welcome(content: dict[str, Any], path: Path) -> str:
    """What a newcomer needs: the address, and who to sign in as."""
    return "\n".join(
        [
            "",
            f"Access Portal's demo plant answers at {content['url']}",
            "",
            table(content["people"], time.time()),
            "",
            "A code is good for 30 s and for one use; ./portal codes prints the next ones.",
            f"For programs the same is in {path}.",
            "Ctrl-C stops everything that this started.",
        ]
    )
