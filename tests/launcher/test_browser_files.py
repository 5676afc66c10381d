"""Where no Node is installed, PyPI's carries the set-up."""

import subprocess

import pytest

from accessportal.launcher import browser_files


def test_a_machine_without_node_uses_the_one_of_pypi(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    for command in (browser_files.node_command(), browser_files.npm_command()):
        assert command[0] == str(browser_files.VENV_PYTHON)
        said = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, check=True
        )
        assert int(said.stdout.lstrip("v").split(".")[0]) >= 10
    # It really runs a script of a package, as the set-up does.
    ran = subprocess.run(
        [*browser_files.node_command(), "-p", "require('axe-core/package.json').name"],
        cwd=browser_files.ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == "axe-core"
