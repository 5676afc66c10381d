"""The real queue for tests about it: a worker in this process, on either profile.

Everywhere else tasks run where they are called (tests/settings.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from accessportal.celery import app
from accessportal.worker import EmbeddedWorker


@pytest.fixture
def task_worker(transactional_db: None) -> Iterator[EmbeddedWorker]:
    """Tasks go through the broker (memory or Redis) to threads that run them.

    The schedule stands still, so that nothing runs but what the test asks for.
    """
    schedule = app.conf.beat_schedule
    app.conf.task_always_eager = False
    app.conf.beat_schedule = {}
    app.control.purge()
    worker = EmbeddedWorker()
    worker.start()
    yield worker
    worker.stop()
    app.conf.beat_schedule = schedule
    app.conf.task_always_eager = True


def wait_until(true: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Return as soon as it is true. Raises `AssertionError` when it does not become so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.05)
