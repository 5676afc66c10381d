"""The broker's ear: channel messages, with Redis or without it.

Messages make things fast, nothing more: a broker without Redis starts, works and ends its
sessions by its own ticks and rounds, and hears again when Redis is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
"""A Redis that hangs is not waited for longer than this."""

MEND_SECONDS = 2.0

Hear = Callable[[dict[str, Any]], Awaitable[None]]


class Ear:
    """`hear` is called with every message, one after the other."""

    def __init__(self, prefix: str, hear: Hear) -> None:
        self._prefix = prefix
        self._hear = hear
        self._layer = get_channel_layer()
        self._channel = ""
        self._wanted: set[str] = set()
        self._joined: set[str] = set()
        self._listening: asyncio.Task[None] | None = None
        self._mending: asyncio.Task[None] | None = None

    async def open(self, *groups: str) -> None:
        self._wanted.update(groups)
        await self._mend()
        self._mending = asyncio.create_task(self._keep_mending())

    async def close(self) -> None:
        for task in (self._mending, self._listening):
            if task is not None:
                task.cancel()
        for group in list(self._joined):
            await self.leave(group)
        await asyncio.gather(
            *(task for task in (self._mending, self._listening) if task is not None),
            return_exceptions=True,
        )

    async def join(self, group: str) -> None:
        """Hear what is said to a group; later, if Redis is away now."""
        self._wanted.add(group)
        if self._channel:
            await self._join(group)

    async def leave(self, group: str) -> None:
        self._wanted.discard(group)
        if group not in self._joined:
            return
        self._joined.discard(group)
        await self._try(self._layer.group_discard(group, self._channel), "left")

    async def _keep_mending(self) -> None:
        while True:
            await asyncio.sleep(MEND_SECONDS)
            await self._mend()

    async def _mend(self) -> None:
        """Open the channel and join the groups that could not be joined before."""
        if not self._channel:
            opened = await self._try(self._layer.new_channel(self._prefix), "opened")
            if not opened:
                return
            self._channel = opened
            self._listening = asyncio.create_task(self._listen())
        for group in self._wanted - self._joined:
            if not await self._join(group):
                return

    async def _join(self, group: str) -> bool:
        joining = self._layer.group_add(group, self._channel)
        if await self._try(joining, "joined") is False:
            return False
        if group in self._wanted:
            self._joined.add(group)
        return True

    async def _try(self, doing: Awaitable[Any], what: str) -> Any:
        """What it returns, or False when the channel layer did not do it in time."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await doing
        except Exception as error:  # noqa: BLE001 - whatever the layer's library raises
            logger.warning("A channel could not be %s: %s", what, error, exc_info=error)
            return False

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear(await self._layer.receive(self._channel))
            except Exception:
                logger.exception(
                    "A message was lost; the broker's rounds make up for it"
                )
                await asyncio.sleep(0.2)
