"""SQLite's test database is made once for each set of migrations, and copied.

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
    ROOT / "accessportal/accounts/undeletable.py",
    *(ROOT / app / "row_rules.py" for app in ("accessportal", "requests", "sessions")),
    ROOT / "requirements.txt",
)
MIGRATED = VAR / "tests" / f"migrated-{digest_of(*MADE_FROM)[:16]}.sqlite3"


@pytest.fixture(scope="session")
def django_db_keepdb(
    django_db_keepdb: bool,
    django_db_modify_db_settings: None,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
) -> bool:
    """Put a copy in the place of the test database; `migrate` then finds nothing to do."""
    if connection.vendor != "sqlite":
        return django_db_keepdb
    MIGRATED.parent.mkdir(parents=True, exist_ok=True)
    with (MIGRATED.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the other workers wait, and copy
        if not MIGRATED.exists():
            with django_db_blocker.unblock():
                migrate(MIGRATED.with_suffix(".new")).rename(MIGRATED)
    shutil.copy(MIGRATED, connection.settings_dict["TEST"]["NAME"])
    return True


def migrate(place: Path) -> Path:
    """A database file with all migrations run."""
    place.unlink(missing_ok=True)
    product = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = str(place)
    try:
        call_command("migrate", verbosity=0)
        connection.close()  # and with it the write-ahead log
    finally:
        connection.settings_dict["NAME"] = product
    return place
