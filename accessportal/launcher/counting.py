"""A pytest plug-in: how many tests passed and failed, for the closing line of both runs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write the counts where `./portal test` reads them."""
    path = os.environ.get("PORTAL_TEST_COUNTS")
    if not path:
        return
    found = {
        name: len(terminalreporter.getreports(name))
        for name in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
    }
    counts = {
        "passed": found["passed"] + found["xfailed"],
        "failed": found["failed"]
        + found["error"]
        + found["skipped"]
        + found["xpassed"],
    }
    Path(path).write_text(json.dumps(counts), encoding="ascii")
