"""What all benches have in common: where they keep things, and how they say that they cannot."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from accessportal.bench.processes import ROOT, BenchProblem
from accessportal.demo.targets import ProgramMissing, TargetFailed
from accessportal.launcher.console import SetupProblem


def common_options(parser: argparse.ArgumentParser) -> None:
    """`--quick` and `--data-dir`."""
    parser.add_argument(
        "--quick", action="store_true", help="fewer repetitions, rougher figures"
    )
    parser.add_argument(
        "--data-dir",
        type=lambda text: Path(text).resolve(),
        default=Path(os.environ.get("PORTAL_DATA_DIR", ROOT / "var")).resolve(),
        help="where streams and logs are kept (below bench/)",
    )


def run_bench(measured: Callable[[], str]) -> int:
    """Print what was measured, or why it was not. Exit status 0 when it was."""
    try:
        print(measured())  # noqa: T201
    except KeyboardInterrupt:
        return 130
    except (BenchProblem, SetupProblem, ProgramMissing, TargetFailed) as problem:
        print(f"bench: {problem}", file=sys.stderr)  # noqa: T201 - for the person who ran it
        return 1
    return 0
