"""`./portal lock`: the lock files, made from the short commented lists."""

import json
import subprocess

from accessportal.launcher import browser_files
from accessportal.launcher.console import SetupProblem, say
from accessportal.launcher.paths import ROOT, VENV

NAMES = (
    "requirements",
    "requirements-dev",
    "requirements-node",
    "requirements-ldap",
)


def lock(arguments: list[str]) -> None:
    """Make every lock file anew; `--upgrade` takes newer versions where the lists allow.

    Raises `SetupProblem` when a dependency would bring in what constraints.txt forbids.
    """
    for name in NAMES:
        say(f"Locking {name}.txt")
        done = subprocess.run(
            [VENV / "bin" / "uv", "pip", "compile", "--quiet", "--universal",
             "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url",
             "--custom-compile-command", "./portal lock", "-c", "constraints.txt",
             *arguments, f"{name}.in", "-o", f"{name}.txt"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise SetupProblem(f"{name}.in cannot be resolved:\n{done.stderr.strip()}")
    say("Locking package-lock.json")
    browser_files.run_npm("install", "--package-lock-only")
    path = ROOT / "package-lock.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for package in content["packages"].values():
        package.pop("funding", None)  # addresses that nothing reads
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
