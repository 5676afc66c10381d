"""`kill -9` in the middle: what was said to be written is there, and every block is whole."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sessions.recorder.scan import scan_segment
from tests.unit.recorder.crashing import KEY
from tests.unit.recorder.helpers import names, plain_until_torn

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("attempt", range(3))
def test_nothing_that_was_said_is_lost(tmp_path: Path, attempt: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.unit.recorder.crashing", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == "0\n"
        time.sleep(random.uniform(0.2, 0.6))
        recorder.send_signal(signal.SIGKILL)
        said = [0, *(int(line) for line in recorder.stdout.read().split())]

    facts = [scan_segment(tmp_path, name, KEY) for name in names(tmp_path)]
    assert {one.track for one in facts} == {"input", "screen"}
    assert not any(one.closed for one in facts)
    kept = []
    for one in facts:
        if one.track == "input":
            plain = plain_until_torn(tmp_path, one.name, KEY)
            kept += [json.loads(line)[3] for line in plain.splitlines()]
    moves = [values[0] for values in kept if isinstance(values, list)]
    assert moves == list(range(len(moves)))
    assert len(moves) >= len(said)
