"""`./portal lint`: style, types, the direction of imports, templates, and Django's checks."""

import subprocess
import tempfile
import time
from pathlib import Path

from accessportal.keys import ensure_keys
from accessportal.launcher.console import SetupProblem, say
from accessportal.launcher.paths import ROOT, VENV
from accessportal.launcher.testing import clean_environment

MANAGE = ("python", "manage.py")
STEPS: list[tuple[str, tuple[str, ...]]] = [
    ("style", ("ruff", "check", ".")),
    ("format", ("ruff", "format", "--check", "--output-format", "concise", ".")),
    ("imports", ("lint-imports", "--no-cache")),
    ("templates", ("djlint", "templates", "--lint", "--quiet")),
    ("Django's checks", (*MANAGE, "check", "--fail-level", "WARNING")),
    ("migrations", (*MANAGE, "makemigrations", "--check", "--dry-run")),
    ("types", ("mypy",)),
]


def lint(arguments: list[str]) -> int:
    """Run every step, or those whose name begins with an argument; status 1 if one fails.

    Raises `SetupProblem` for a word that no step begins with.
    """
    failed = []
    wanted = tuple(word.lower() for word in arguments)
    names = [name.lower() for name, _command in STEPS]
    unknown = [word for word in wanted if not any(n.startswith(word) for n in names)]
    if unknown:
        raise SetupProblem(
            f"no step begins with {unknown[0]!r}; there are: {', '.join(names)}."
        )
    with tempfile.TemporaryDirectory(prefix="access-portal-lint-") as directory:
        ensure_keys(Path(directory) / "keys")
        environment = clean_environment() | {"PORTAL_DATA_DIR": directory}
        for name, command in STEPS:
            if wanted and not name.lower().startswith(wanted):
                continue
            began = time.monotonic()
            done = subprocess.run(
                [VENV / "bin" / command[0], *command[1:]],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            verdict = "ok" if done.returncode == 0 else "FAILED"
            say(f"{name:<16} {verdict:<7} {time.monotonic() - began:5.1f} s")
            if done.returncode != 0:
                failed.append(name)
                say((done.stdout + done.stderr).rstrip() + "\n")
    say(f"Failed: {', '.join(failed)}." if failed else "Nothing to complain about.")
    return 1 if failed else 0
