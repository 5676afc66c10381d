"""Several people at the same moment: acts in threads of their own, with a common start."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Runs acts at the same moment in threads; returns what each returned or raised."""

    def run(*acts: Callable[[], Any]) -> list[Any]:
        barrier = Barrier(len(acts))

        def start(act: Callable[[], Any]) -> Any:
            try:
                connection.ensure_connection()
                barrier.wait(timeout=10)
                return act()
            except Exception as error:  # noqa: BLE001 - the test looks at what was raised
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(acts)) as threads:
            return list(threads.map(start, acts))

    return run
