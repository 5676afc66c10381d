"""A fault that lasts is logged once in full, and then once a minute in one line.

Redis or the database may be away for an hour; what loops meanwhile must not fill the log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

REPEAT_SECONDS = 60.0


class Complaints:
    """`about(error)` when it fails, `over()` when it works (again)."""

    def __init__(
        self,
        logger: logging.Logger,
        what: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._what = what
        self._clock = clock
        self._said_at: float | None = None
        self._failures = 0

    def about(self, error: BaseException) -> None:
        self._failures += 1
        now = self._clock()
        if self._said_at is None:
            self._logger.error(self._what, exc_info=error)
        elif now - self._said_at >= REPEAT_SECONDS:
            self._logger.error("%s (%d times): %s", self._what, self._failures, error)
        else:
            return
        self._said_at = now

    def over(self) -> None:
        """It works. Says so if it did not before."""
        if self._said_at is not None:
            self._logger.warning("%s: over, after %d failures", self._what, self._failures)
        self._said_at = None
        self._failures = 0
