"""Translations: `.po` files are in the repository, `.mo` files are made at set-up."""

import subprocess

from accessportal.launcher.console import SetupProblem
from accessportal.launcher.paths import ROOT

LOCALE = ROOT / "accessportal" / "locale"


def ensure() -> None:
    """Compile every catalogue that is newer than what was made of it."""
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        done = subprocess.run(
            ["msgfmt", "--check-format", "-o", str(compiled), str(source)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise SetupProblem(
                f"{source.relative_to(ROOT)} is not valid:\n{done.stderr}"
            )
