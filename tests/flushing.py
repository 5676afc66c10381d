"""Lets a test with real commits be cleaned up although audit rows and people cannot be deleted.

Only the clean-up between tests lifts the triggers, and puts them back at once: no test
ever runs without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase

from accessportal.accounts.undeletable import allow_deletion, refuse_deletion

append_only = import_module("accessportal.audit.migrations.0002_append_only")


@contextmanager
def audit_rows_deletable() -> Iterator[None]:
    with connection.schema_editor() as editor:
        append_only.remove_triggers(None, editor)
    allow_deletion()
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            append_only.add_triggers(None, editor)
        refuse_deletion()


@pytest.fixture(autouse=True, scope="session")
def flush_lifts_the_triggers() -> Iterator[None]:
    flush = TransactionTestCase._fixture_teardown

    def flush_all(self: Any) -> None:
        with audit_rows_deletable():
            flush(self)

    TransactionTestCase._fixture_teardown = flush_all
    yield
    TransactionTestCase._fixture_teardown = flush
