"""`./portal bench NAME`: measurements that docs/performance.md is made of."""

import subprocess

from accessportal.launcher.paths import ROOT, VENV_PYTHON


def bench(arguments: list[str]) -> int:
    """Hand over to the bench; its exit status is ours."""
    done = subprocess.run(
        [VENV_PYTHON, "-m", "accessportal.bench", *arguments], cwd=ROOT, check=False
    )
    return done.returncode
