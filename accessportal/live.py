"""Fast news: channel messages that say "look again". The database stays the truth.

`announce` may be called from any thread. The in-memory channel layer lives in one event
loop, so worker threads hand over to the loop that `remember_loop` was told of. A lost
message is made up for by polling pages and by the actor's own tick; failures are
logged, never raised (architecture, 4).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0

_loop: asyncio.AbstractEventLoop | None = None


# What is being sent in the serving loop, and whether the same was said again meanwhile.
_sending: dict[str, bool] = {}


def remember_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Tell which event loop serves this process's sockets (None: none does any more)."""
    global _loop
    _loop = loop
    _sending.clear()


def serving_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that serves this process's sockets, if it runs."""
    return _loop if _loop is not None and _loop.is_running() else None


def announce(group: str, type: str, **data: Any) -> None:
    """Send `{"type": type, **data}` to a channel group, from any thread."""
    message = {"type": type, **data}
    loop = serving_loop()
    try:
        if loop is not None:
            asyncio.run_coroutine_threadsafe(_send_in_turn(group, message), loop)
            return
        async_to_sync(_send)(group, message)
    except RuntimeError:
        logger.exception("Could not announce %s to %s", type, group)


async def _send_in_turn(group: str, message: dict[str, Any]) -> None:
    """Send, or have what is being sent now sent once more.

    A thousand sessions that end together say the same to the same site; who looks again once
    after the last of them sees them all, and no more than one message waits.
    """
    key = f"{group} {message}"
    if key in _sending:
        _sending[key] = True
        return
    again = True
    try:
        while again:
            _sending[key] = False
            await _send(group, message)
            again = _sending.get(key, False)
    finally:
        _sending.pop(key, None)


async def _send(group: str, message: dict[str, Any]) -> None:
    try:
        # A channel layer that hangs must not pile up what waits for it.
        async with asyncio.timeout(PATIENCE_SECONDS):
            await get_channel_layer().group_send(group, message)
    except Exception:  # noqa: BLE001 - news may be lost, acts may not
        logger.exception("Channel layer did not take %s for %s", message["type"], group)
