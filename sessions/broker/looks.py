"""The looks of one process's actors, read together.

Each actor looks at the database every 2 s and whenever it is told to. Who asks while a
round is read is in the next one: so a look is never older than its question, one alone
does not wait, and hundreds cost little more than one (docs/performance.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sessions.services.looking import Look, Question, looks

MOST_AT_ONCE = 100
"""Of the looks in one round: so long may one that is urgent have to wait."""


class Looks:
    """db: runs a function that uses the database, in a thread."""

    def __init__(self, db: Callable[..., Awaitable[Any]]) -> None:
        self._db = db
        self._asked: list[tuple[Question, asyncio.Future[Look]]] = []
        self._rounds: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Look:
        """Raises `BrokeredSession.DoesNotExist` and database errors."""
        answer: asyncio.Future[Look] = asyncio.get_running_loop().create_future()
        self._asked.append((question, answer))
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._read_all())
        return await answer

    async def _read_all(self) -> None:
        while self._asked:
            now = self._asked[:MOST_AT_ONCE]
            del self._asked[:MOST_AT_ONCE]
            try:
                answers = await self._answers([question for question, _ in now])
            except asyncio.CancelledError:
                for _, waits in (*now, *self._asked):
                    waits.cancel()
                raise
            for (_, waits), answer in zip(now, answers, strict=True):
                _tell(waits, answer)

    async def _answers(self, questions: Sequence[Question]) -> list[Look | Exception]:
        try:
            found: list[Look | Exception] = await self._db(looks, questions)
        except Exception as error:  # noqa: BLE001 - every actor hears of it, and goes on
            return [error] * len(questions)
        return found


def _tell(waits: asyncio.Future[Look], answer: Look | Exception) -> None:
    if waits.done():
        return  # who asked is gone
    if isinstance(answer, Exception):
        waits.set_exception(answer)
    else:
        waits.set_result(answer)
