"""What runs inside the one process of the embedded profile, beside the pages.

Production's broker process is the same without the tasks, which have a worker of their own.

Start order: the loop is remembered first (live news from threads need it), then the
sealer, the worker, and last the broker, which may find sessions of an earlier process.
Stopping is the reverse: sessions end properly before what records their end goes away.
"""

from __future__ import annotations

import asyncio
import logging
import signal

from asgiref.sync import sync_to_async
from django.conf import settings

from accessportal import audit
from accessportal.audit.sealer import Sealer
from accessportal.live import remember_loop
from accessportal.worker import EmbeddedWorker

logger = logging.getLogger(__name__)


class Embedded:
    """Starts and stops the parts; used by the launcher around the ASGI server."""

    def __init__(self, *, tasks: bool = True) -> None:
        from sessions.broker.registry import Broker

        self.sealer = Sealer()
        self.worker = EmbeddedWorker() if tasks else None
        # Where another process has taken the name, this one has nothing to do any more.
        self.broker = Broker(on_deposed=lambda: signal.raise_signal(signal.SIGTERM))

    async def start(self) -> None:
        """Start all parts; raises what a part raises, after stopping those that run."""
        remember_loop(asyncio.get_running_loop())
        await sync_to_async(audit.record)("system.started", profile=settings.PROFILE)
        self.sealer.start()
        if self.worker is not None:
            self.worker.start()
        try:
            await self.broker.start()
        except BaseException:
            await self.stop()
            raise
        logger.info("The broker, the worker and the sealer run in this process.")

    async def stop(self) -> None:
        """Stop all parts in the reverse order; each has its own bound on time."""
        await self.broker.stop()
        if self.worker is not None:
            await asyncio.to_thread(self.worker.stop)
        await asyncio.to_thread(self.sealer.stop)
        remember_loop(None)
