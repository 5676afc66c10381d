"""The Celery worker and its schedule inside one process, for the embedded profile.

Production runs `celery -A accessportal worker` and `beat` as processes of their own;
the tasks, their names and their schedule are the same code.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery.beat import Service
from celery.worker import WorkController
from django.db import connections

from accessportal.celery import app

logger = logging.getLogger(__name__)

THREADS = 4


class EmbeddedWorker:
    """A worker thread (pool of `THREADS` threads) and a beat thread; `stop` ends both."""

    def __init__(self) -> None:
        app.finalize()
        self._worker: Any = None
        self._beat = Service(app, max_interval=1, scheduler_cls="celery.beat:Scheduler")
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._threads = [
            threading.Thread(target=self._run_worker, name="tasks", daemon=True),
            threading.Thread(target=self._run_beat, name="schedule", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Stop taking tasks, let running ones finish (at most `timeout` seconds)."""
        self._beat.stop()
        if self._worker is not None:
            self._worker.stop()
        for thread in self._threads:
            thread.join(timeout)

    def _run_worker(self) -> None:
        self._worker = WorkController(
            app=app,
            pool_cls="threads",
            concurrency=THREADS,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            loglevel="WARNING",
        )
        try:
            self._worker.start()
        except SystemExit:
            logger.info("The embedded worker stopped.")
        finally:
            connections.close_all()

    def _run_beat(self) -> None:
        self._beat.start()
        connections.close_all()
