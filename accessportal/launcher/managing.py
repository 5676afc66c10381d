"""`./portal manage`: Django's command line on the right data."""

import os
from pathlib import Path

from accessportal.keys import ensure_keys
from accessportal.launcher.console import SetupProblem
from accessportal.launcher.data_dir import make_ours, remembered_environment
from accessportal.launcher.paths import ROOT, VAR

DATABASE = "portal.sqlite3"
DEMO_DATA = (VAR / "demo").relative_to(ROOT)
ABOUT_DATA = {
    "break_glass",
    "create_person",
    "list_keys",
    "reset_second_factor",
    "revive_person",
    "rotate_keys",
    "verify_audit",
    "verify_recordings",
}
"""Commands that would not know a plant from an empty directory."""


def manage(arguments: list[str]) -> None:
    """Run a management command; a leading `--data-dir DIR` chooses the data.

    Without, PORTAL_DATA_DIR does, and without that they are in var/portal. With
    PORTAL_PROFILE=production the environment is taken as it is.
    """
    data_dir, arguments = split_data_dir(arguments)
    if os.environ.get("PORTAL_PROFILE") != "production":
        os.environ["PORTAL_DATA_DIR"] = str(data_dir)
        for name, value in remembered_environment(data_dir).items():
            os.environ.setdefault(name, value)
        guard_data_is_there(data_dir, arguments)
        make_ours(data_dir)
        ensure_keys(data_dir / "keys")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessportal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["./portal manage", *arguments])


def database_is_missing(data_dir: Path) -> bool:
    """Whether the database is to be a file of this directory, and is not there yet."""
    elsewhere = "PORTAL_DATABASE_URL" in os.environ
    return not elsewhere and not (data_dir / DATABASE).exists()


def guard_data_is_there(data_dir: Path, arguments: list[str]) -> None:
    """Raises `SetupProblem` for a command about a plant's data where there are none yet."""
    if ABOUT_DATA.intersection(arguments[:1]) and database_is_missing(data_dir):
        raise SetupProblem(
            f"There is no data in {data_dir}. `./portal serve` makes it; "
            "data elsewhere is named by --data-dir DIR, before the command: the demo's is "
            f"--data-dir {DEMO_DATA}."
        )


def split_data_dir(arguments: list[str]) -> tuple[Path, list[str]]:
    """(data directory, the arguments without it)."""
    directory = Path(os.environ.get("PORTAL_DATA_DIR") or VAR / "portal")
    if arguments[:1] == ["--data-dir"]:
        if len(arguments) < 2:
            raise SetupProblem("--data-dir needs a directory.")
        directory, arguments = Path(arguments[1]), arguments[2:]
    elif arguments and arguments[0].startswith("--data-dir="):
        directory, arguments = Path(arguments[0].split("=", 1)[1]), arguments[1:]
    return directory.resolve(), arguments
