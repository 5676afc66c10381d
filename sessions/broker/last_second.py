"""Meets the end of a session on the second: no database, no message and no queue between.

A thousand windows may close at the same moment. Each session's own timer then stops its
input and ends it; what is written about it comes after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

LOOK_EVERY_SECONDS = 1.0
"""The clock of the machine may be set meanwhile: it is looked at this often."""

SET_BACK_SECONDS = 2.0
"""A clock set back by more than this does not prolong a session."""


class LastSecond:
    """`over` is called once, when `ends_at` has come."""

    def __init__(self, ends_at: datetime, over: Callable[[], None]) -> None:
        self._over = over
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        left = self._learn(ends_at)
        # Past already: adopted in a critical step, of which the first look will tell.
        if left > 0:
            self._arm(left)

    def follow(self, ends_at: datetime) -> None:
        """The end as it is known now. It may have been put off, or come nearer."""
        self._arm(self._learn(ends_at))

    def check(self) -> None:
        """Say so if it has come."""
        left = self._left()
        if left <= 0:
            self.close()
            self._over()
        else:
            self._arm(left)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _learn(self, ends_at: datetime) -> float:
        left = (ends_at - timezone.now()).total_seconds()
        self.ends_at = ends_at
        self._latest = self._loop.time() + left + SET_BACK_SECONDS
        return left

    def _left(self) -> float:
        by_clock = (self.ends_at - timezone.now()).total_seconds()
        return min(by_clock, self._latest - self._loop.time())

    def _arm(self, left: float) -> None:
        self.close()
        pause = max(0.0, min(left, LOOK_EVERY_SECONDS))
        self._timer = self._loop.call_later(pause, self.check)
