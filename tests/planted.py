"""The plant, put into the database as often as tests need it, and made once.

Making it is sixty small statements and their models: it cost more than most tests. Its rows
are read once for each worker, and written again in one statement for each table.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

import time_machine
from django.db import connection, transaction
from django.utils import timezone

from accessportal.keys import symmetric_key
from tests.cast import Plant, make_plant
from tests.flushing import filled_tables

A_WHILE = timedelta(minutes=1)
"""The plant was there before the story begins, also where a clock stands still."""


@dataclass(frozen=True)
class Kept:
    """keys: that seals in it were made with; plant: pickled; rows: of each table its name, its
    columns, and what is in them."""

    keys: list[str]
    plant: bytes
    rows: list[tuple[str, list[str], list[tuple[Any, ...]]]]


_kept: dict[bool, Kept] = {}


def planted(*, clock: bool) -> Plant:
    """The plant in this test's database; `clock`: the test's time is that of the stories."""
    keys = [symmetric_key(name)[0] for name in ("credentials", "seeds")]
    kept = _kept.get(clock)
    if kept is not None and kept.keys == keys:
        return _written(kept)
    if kept is not None or filled_tables():
        return make_plant()  # other keys; or what else is there, not to be kept with it
    with time_machine.travel(timezone.now() - A_WHILE, tick=True):
        plant = make_plant()
    _kept[clock] = Kept(keys, pickle.dumps(plant), _rows())
    return plant


def _rows() -> list[tuple[str, list[str], list[tuple[Any, ...]]]]:
    found = []
    with connection.cursor() as cursor:
        for table in filled_tables():
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - table names of Django
            columns = [column[0] for column in cursor.description]
            found.append((table, columns, cursor.fetchall()))
    return found


def _written(kept: Kept) -> Plant:
    with transaction.atomic(), connection.cursor() as cursor:
        for table, columns, rows in kept.rows:
            row = f"({', '.join(['%s'] * len(columns))})"
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - as above
                f"VALUES {', '.join([row] * len(rows))}",
                [_adapted(value) for values in rows for value in values],
            )
    plant: Plant = pickle.loads(kept.plant)  # noqa: S301 - our own, of this process
    return plant


def _adapted(value: Any) -> Any:
    """SQLite reads a time of the day as one, and takes it as text only."""
    return str(value) if isinstance(value, time) else value
