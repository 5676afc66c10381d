"""The demo: its machines, its plant, and the page of people to sign in as."""

import json
import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from accessportal.demo.seed import seed_demo
from accessportal.demo.targets import ProgramMissing, TargetFailed, start_targets
from accessportal.launcher.codes import table
from accessportal.launcher.console import SetupProblem, say

TARGET_FACTS = ("asset", "protocol", "host", "port")


def start_demo(data_dir: Path, started: ExitStack) -> str:
    """Start the machines, fill the plant, write `demo.json`; returns what to print.

    Everything started is handed to `started`, which stops it. Raises `SetupProblem`.
    """
    try:
        targets = started.enter_context(start_targets(data_dir, watch=True))
    except (TargetFailed, ProgramMissing) as problem:
        raise SetupProblem(f"the demo's machines do not start: {problem}") from problem
    path = data_dir / "demo.json"
    if not path.exists():
        say("Filling the demo plant and recording its past; half a minute, only once.")
    content = {
        "url": os.environ["PORTAL_PUBLIC_URL"],
        "people": seed_demo(targets.describe()),
        "targets": [
            {name: facts[name] for name in TARGET_FACTS} for facts in targets.describe()
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
