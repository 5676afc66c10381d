"""The virtual environment, filled from the lock files by hash and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from accessportal.launcher import stamps
from accessportal.launcher.console import SetupProblem, say
from accessportal.launcher.paths import ROOT, VENV, VENV_PYTHON

RUNTIME_LOCK = "requirements.txt"
DEVELOPMENT_LOCK = "requirements-dev.txt"  # contains the runtime's
LDAP_LOCK = "requirements-ldap.txt"  # python-ldap, for plants with such a directory
NODE_LOCK = "requirements-node.txt"


def ensure(*, development: bool) -> None:
    """Make the environment and bring it to the lock; quick when it is there already."""
    if not VENV_PYTHON.exists():
        _create()
    # The development lock contains the runtime's, so it serves both commands.
    if _is_installed(DEVELOPMENT_LOCK) or (
        not development and _is_installed(RUNTIME_LOCK)
    ):
        return
    install(DEVELOPMENT_LOCK if development else RUNTIME_LOCK)


def ensure_node() -> None:
    """Install the Node that PyPI carries, for machines without one."""
    if not _is_installed(NODE_LOCK):
        install(NODE_LOCK)


def ensure_ldap() -> None:
    """Build and install python-ldap; needs what `system.LDAP` names."""
    if not _is_installed(LDAP_LOCK):
        install(LDAP_LOCK)


def install(lock: str) -> None:
    """Install what the lock lists, by hash; raises `SetupProblem` with pip's last words.

    `--no-deps`: the lock is complete, and older versions of pip would look for a newer
    release of what another package asks for with an extra (`coverage[toml]`).
    """
    say(f"Installing Python packages from {lock}")
    done = subprocess.run(
        [VENV_PYTHON, "-m", "pip", "install", "--require-hashes", "--no-deps", "--no-input",
         "--quiet", "--disable-pip-version-check", "-c", "constraints.txt", "-r", lock],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise SetupProblem(
            f"pip could not install {lock}:\n{done.stderr.strip()[-3000:]}"
        )
    stamps.leave(_stamp(lock), stamps.digest_of(ROOT / lock))


def _create() -> None:
    say("Creating the virtual environment .venv")
    # Beside the final place and moved at the end would break its scripts; so a creation
    # that was interrupted is simply thrown away and done again.
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)],
        cwd=ROOT, env=_plain_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        words = (done.stdout + done.stderr).strip()[-2000:]
        raise SetupProblem(f"the virtual environment could not be made:\n{words}")


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _stamp(lock: str) -> Path:
    return VENV / f".installed-{lock}"


def _is_installed(lock: str) -> bool:
    return stamps.is_current(_stamp(lock), stamps.digest_of(ROOT / lock))
