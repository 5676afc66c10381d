"""The sealer's thread: chains committed events every `INTERVAL_SECONDS`."""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, close_old_connections, connection

from accessportal.audit.chain import seal_committed_events
from accessportal.keys import KeyMissing

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.25
IDLE_INTERVAL_SECONDS = 1.0


class Sealer:
    """Runs in every process that is told to; the database lets one work at a time."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="audit-sealer", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Seal what is committed, then end (waits at most `timeout` seconds)."""
        self._stopped.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            last_round = self._stopped.is_set()
            sealed = self._seal_once()
            if last_round:
                connection.close()
                return
            self._stopped.wait(INTERVAL_SECONDS if sealed else IDLE_INTERVAL_SECONDS)

    def _seal_once(self) -> int:
        close_old_connections()
        try:
            return seal_committed_events()
        except (DatabaseError, KeyMissing):
            logger.exception("The audit sealer could not work; it tries again")
            return 0
