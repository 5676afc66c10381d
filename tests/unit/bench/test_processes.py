"""What a relay costs is counted wherever it is spent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from accessportal.bench.processes import (
    BenchProblem,
    cpu_seconds,
    end,
    peak_rss_mb,
    running,
)

BUSY = "import time\nwhile time.process_time() < 0.2: pass\nprint('done', flush=True)\ntime.sleep(60)"
PARENT = "import subprocess, sys; subprocess.call([sys.executable, '-c', sys.argv[1]])"


def test_the_cpu_of_a_child_counts_as_its_parents() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, BUSY],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"done\n"
        assert cpu_seconds(parent.pid) > 0.2
        assert peak_rss_mb(parent.pid) > 1
    finally:
        end(parent)
        parent.stdout.close()


def test_a_relay_that_does_not_start_is_a_problem_that_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "accessportal.bench.processes.ports.accepts", lambda *_, **__: False
    )
    log = tmp_path / "relay.log"
    with (
        pytest.raises(BenchProblem, match=str(log)),
        running([sys.executable, "-c", "pass"], log, 1),
    ):
        pass
