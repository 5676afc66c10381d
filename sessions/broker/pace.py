"""Answers guacd's `sync`: at the pace of the one who works, and never late.

guacd adapts to the lag of the slowest user, and one who answers 400 ms late slows
everybody from 37 to 4.5 pictures a second; one who answers nothing is dropped after 15 s
(measured). We are its only user, so our answer is the pace.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

BOUND_SECONDS = 0.5
SLOW_SECONDS = 1.0
"""At most this on top of the bound while the picture of the one who works is older than that:
guacd takes it for the pace then, and does not send more than the link carries (decision 30)."""

RETRY_SECONDS = 0.01


class Pace:
    """`answer` sends one `sync` answer upstream. Times are the event loop's.

    While `held` says so (the recorder lags), no answer goes before its bound; when it
    no longer does, what could have been answered is. `slow` says by how many seconds the
    one who works is behind the bound, on a link that carries no more.
    """

    def __init__(
        self,
        answer: Callable[[int], None],
        bound: float = BOUND_SECONDS,
        held: Callable[[], bool] = lambda: False,
        slow: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._answer = answer
        self._bound = bound
        self._held = held
        self._slow = slow
        self._open: deque[tuple[int, float]] = deque()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._ready_to = -1
        self._retry: asyncio.TimerHandle | None = None

    def frame(self, timestamp: int, *, wait: bool) -> None:
        """guacd ended a frame; `wait` when somebody who works is being sent it."""
        self.frames([(0, timestamp)], wait=wait)

    def frames(self, syncs: Sequence[tuple[int, int]], *, wait: bool) -> None:
        """guacd ended some frames, as a batch has them; an answer to the last is to all."""
        if not syncs:
            return
        due = self._loop.time() + self._bound
        self._open.append((syncs[-1][1], due))
        if not wait:
            self.drawn(syncs[-1][1])
        self._arm()

    def drawn(self, timestamp: int) -> None:
        """The one who works has drawn the frame of `timestamp`."""
        if self._held():
            self._ready_to = max(self._ready_to, timestamp)
            if self._retry is None:
                self._retry = self._loop.call_later(RETRY_SECONDS, self._try_again)
        else:
            self._answer_to(timestamp)

    def _answer_to(self, timestamp: int) -> None:
        """Answer the last open frame up to `timestamp`, which is a browser's word for it."""
        answered = None
        while self._open and self._open[0][0] <= timestamp:
            answered = self._open.popleft()[0]
        if answered is not None:
            self._answer(answered)

    def release(self) -> None:
        """Nobody paces any more: answer what is open."""
        if self._open:
            timestamp = self._open[-1][0]
            self._open.clear()
            self._answer(timestamp)

    def close(self) -> None:
        self._open.clear()
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, more: float = 0.0) -> None:
        if self._timer is None and self._open:
            self._timer = self._loop.call_at(self._open[0][1] + more, self._overdue)

    def _try_again(self) -> None:
        self._retry = None
        self.drawn(self._ready_to)

    def _overdue(self) -> None:
        self._timer = None
        more = min(self._slow(), SLOW_SECONDS)
        now = self._loop.time()
        overdue = None
        while self._open and self._open[0][1] + more <= now:
            overdue = self._open.popleft()[0]
        if overdue is not None:
            self._answer(overdue)
        self._arm(more)
