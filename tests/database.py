"""The test database is made once for each set of migrations, and copied: SQLite's as a file,
PostgreSQL's as a template.

Running them takes longer than a hundred tests, for each worker and each call of pytest.
"""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from accessportal.launcher.paths import ROOT, VAR
from accessportal.launcher.stamps import digest_of

MADE_FROM = (
    *sorted(ROOT.glob("*/migrations/*.py")),
    *sorted(ROOT.glob("accessportal/*/migrations/*.py")),
    ROOT / "accessportal/migration_steps.py",
    ROOT / "accessportal/accounts/undeletable.py",
    *(ROOT / app / "row_rules.py" for app in ("accessportal", "requests", "sessions")),
    ROOT / "requirements.txt",
)
DIGEST = digest_of(*MADE_FROM)[:16]
MIGRATED = VAR / "tests" / f"migrated-{DIGEST}.sqlite3"
TEMPLATE = f"migrated_{DIGEST}"


@pytest.fixture(scope="session")
def django_db_keepdb(
    django_db_modify_db_settings: None,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
) -> bool:
    """Put a copy in the place of the test database; `migrate` then finds nothing to do."""
    MIGRATED.parent.mkdir(parents=True, exist_ok=True)
    with (MIGRATED.parent / "lock").open("w") as lock, django_db_blocker.unblock():
        fcntl.flock(lock, fcntl.LOCK_EX)  # the other workers wait, and copy
        if connection.vendor == "postgresql":
            copy_template(connection.creation._get_test_db_name())  # type: ignore[attr-defined]  # Django has no other
        else:
            copy_file(Path(connection.settings_dict["TEST"]["NAME"]))
    return True


def copy_file(place: Path) -> None:
    if not MIGRATED.exists():
        migrate(str(MIGRATED.with_suffix(".new")))
        MIGRATED.with_suffix(".new").rename(MIGRATED)
    shutil.copy(MIGRATED, place)


def copy_template(name: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        there = {found for (found,) in cursor.fetchall()}
        if TEMPLATE not in there:
            cursor.execute(f"CREATE DATABASE {TEMPLATE}")
            migrate(TEMPLATE)
            connection.close_pool()  # type: ignore[attr-defined]  # used by nobody, for a template
        if name not in there:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")


def migrate(name: str) -> None:
    """Run all migrations on the database of this name."""
    product = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0)
        connection.close()  # and with it SQLite's write-ahead log
    finally:
        connection.settings_dict["NAME"] = product
