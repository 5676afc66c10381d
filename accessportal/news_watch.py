"""Closes the news sockets of people who are signed in no more, with the database's word alone.

A message closes them at once; it may be lost (Redis is away). So each process asks every
`WATCH_SECONDS`, once for all its sockets, whose web session is still alive.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async

from accessportal.accounts.web_sessions import no_longer_alive

logger = logging.getLogger(__name__)

WATCH_SECONDS = 2.0

SIGNED_OUT = 4401
"""The close code that makes a page go to the sign-in."""


class Socket(Protocol):
    web_session_key: str

    async def close(self, code: int) -> None: ...


class Watch:
    """The sockets of one event loop. Runs while there are any."""

    def __init__(self) -> None:
        self._sockets: set[Socket] = set()
        self._task: asyncio.Task[None] | None = None

    def follow(self, socket: Socket) -> None:
        self._sockets.add(socket)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="news-watch")

    def let_go(self, socket: Socket) -> None:
        self._sockets.discard(socket)
        if not self._sockets and self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                await self._look()
            except Exception:
                logger.exception("News sockets were not looked at; the next look comes")

    async def _look(self) -> None:
        sockets = list(self._sockets)
        over = await sync_to_async(no_longer_alive)(
            {socket.web_session_key for socket in sockets}
        )
        for socket in sockets:
            if socket.web_session_key in over:
                self._sockets.discard(socket)
                await socket.close(code=SIGNED_OUT)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = WeakKeyDictionary()


def watch() -> Watch:
    """The watch of the running event loop."""
    return _watches.setdefault(asyncio.get_running_loop(), Watch())
