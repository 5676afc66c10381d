"""One broker among several: its name, its leases, the anchors it keeps, what it adopts.

Each broker looks at the database twice a second, and at once when a message says so:
which others live, which sessions it keeps an anchor for, and whether one of those needs a
new broker. Nothing depends on a message arriving.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings

from sessions.broker.anchor import Anchor
from sessions.broker.ear import Ear
from sessions.broker.lease import Leases, clock
from sessions.services import adoption, brokers
from sessions.services.adoption import Anchored
from sessions.services.leases import LEASE_SECONDS, renew_leases
from sessions.services.news import session_group

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
HERE_SECONDS = 1.0
REST_SECONDS = 2.0
"""After an anchor that failed, before the next try."""

NAME_SECONDS = 3 * LEASE_SECONDS
"""So long a new process waits for the name of one that has just died."""

SLOW_SECONDS = 1.0
CALM_SECONDS = 3.0
"""After the database was away nobody takes anything over for so long: every lease is over
then, and whoever still lives renews within a second."""

Adopt = Callable[[Anchor], Awaitable[None]]


class NameTaken(Exception):
    """Another process of this name is alive."""


class Fleet:
    """`adopt` is called with an anchor whose session wants a new broker."""

    def __init__(
        self, name: str, ear: Ear, adopt: Adopt, name_lost: Callable[[], None]
    ) -> None:
        self.name = name
        self.run = uuid.uuid4()
        self.leases = Leases(self._renew)
        self.anchors: dict[UUID, Anchor] = {}
        self.stopping = False
        self._ear = ear
        self._adopt = adopt
        self._name_lost = name_lost
        self._adopting: dict[UUID, asyncio.Task[None]] = {}
        self._resting: dict[UUID, float] = {}
        self._leaving: set[asyncio.Task[Any]] = set()
        self._calm_from = 0.0
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        # Its own threads: a renewal must not wait behind the queries of a busy broker.
        self._executor = ThreadPoolExecutor(3, thread_name_prefix="broker-lease")

    # --- Life ------------------------------------------------------------------------------

    async def take_name(self) -> None:
        """Be the broker of this name. Raises `NameTaken`.

        The newer process gives way: the older one has sessions. A process that died
        leaves its name when it has not been seen for the length of a lease.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + NAME_SECONDS
        while not await self._db(
            brokers.take_name, self.name, self.run, at_once=settings.EMBEDDED
        ):
            if loop.time() > until:
                raise NameTaken(f"A broker named {self.name} is running already.")
            await asyncio.sleep(0.25)

    def start(self) -> None:
        """From now on: leases are renewed, anchors kept, sessions adopted."""
        self._tasks = [
            asyncio.create_task(work)
            for work in (
                self.leases.run(),
                self.leases.watch(),
                self._say_here(),
                self._rounds(),
            )
        ]

    async def retire(self) -> None:
        """The process will stop: nothing new comes here, and no anchor stays."""
        self.stopping = True
        await self._db(brokers.say_stopping, self.name, self.run)
        await self._db(adoption.leave_all_anchors, self.name)
        await asyncio.gather(*self._adopting.values())
        await asyncio.gather(
            *(self._drop(anchor) for anchor in [*self.anchors.values()])
        )

    async def stop(self) -> None:
        """After the last session; the next process of this name need not wait."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._leaving, return_exceptions=True)
        try:
            await self._db(brokers.leave_name, self.name, self.run)
        except Exception:
            logger.exception(
                "The name %s was not left; it will be free soon", self.name
            )
        await asyncio.to_thread(self._executor.shutdown)

    def look(self) -> None:
        """Look now."""
        self._wake.set()

    @property
    def calm(self) -> bool:
        """The database has answered for a while: what it says of others can be believed."""
        return clock() >= self._calm_from

    # --- Its own tasks ---------------------------------------------------------------------

    async def _db(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        run = database_sync_to_async(
            function, thread_sensitive=False, executor=self._executor
        )
        return await run(*args, **kwargs)

    async def _renew(self, held: Mapping[UUID, int]) -> tuple[set[UUID], set[UUID]]:
        found: tuple[set[UUID], set[UUID]] = await self._db(
            renew_leases, self.name, held
        )
        return found

    async def _say_here(self) -> None:
        while True:
            try:
                if not await self._db(brokers.say_here, self.name, self.run):
                    logger.error("Another process is the broker %s now.", self.name)
                    self._name_lost()
                    return
            except Exception as error:  # noqa: BLE001 - the database is away; try again
                logger.warning("The broker could not say that it is here: %s", error)
            await asyncio.sleep(HERE_SECONDS)

    async def _rounds(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._round()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                logger.warning("The fleet could not be looked at: %s", error)
                self._calm_from = clock() + CALM_SECONDS
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _round(self) -> None:
        if self.stopping:
            return
        asked_at = clock()
        view = await self._db(adoption.look_at_fleet, self.name)
        if clock() - asked_at > SLOW_SECONDS:
            self._calm_from = clock() + CALM_SECONDS
        # One that is being adopted is no anchor any more, but not yet an actor's.
        for key in set(self.anchors) - set(view.mine) - set(self._adopting):
            self._drop_soon(self.anchors[key])
        for session in view.mine.values():
            await self._see_to(session)
        for key in view.to_anchor:
            if not self._rests(key) and not self.stopping:
                await self._db(adoption.take_anchor, key, self.name, view.living)
                self._wake.set()

    # --- Anchors ---------------------------------------------------------------------------

    async def _see_to(self, session: Anchored) -> None:
        anchor = self.anchors.get(session.id)
        if anchor is not None and anchor.session.epoch != session.epoch:
            # Another broker holds the session now; the connection is the same.
            anchor.session = session
        if session.wanted:
            if not self.calm and not session.handed_over:
                return
            if anchor is not None and anchor.good:
                self._adopt_soon(anchor)
            elif anchor is None:
                await self._db(adoption.leave_anchor, session.id, self.name)
        elif anchor is None and not self._rests(session.id):
            await self._keep(session)

    async def _keep(self, session: Anchored) -> None:
        if self.stopping:
            return
        anchor = Anchor(session, on_good=self._good, on_over=self._over)
        self.anchors[session.id] = anchor
        await self._ear.join(session_group(session.id))
        anchor.start()

    def _good(self, anchor: Anchor) -> None:
        task = asyncio.create_task(
            self._db(adoption.note_anchored, anchor.id, self.name)
        )
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _over(self, anchor: Anchor) -> None:
        """The join ended by itself: was corrupt, or guacd let go of it."""
        self._resting[anchor.id] = asyncio.get_running_loop().time() + REST_SECONDS
        self._drop_soon(anchor, gone=True)

    def _rests(self, key: UUID) -> bool:
        now = asyncio.get_running_loop().time()
        self._resting = {
            key: until for key, until in self._resting.items() if until > now
        }
        return key in self._resting

    def _drop_soon(self, anchor: Anchor, *, gone: bool = False) -> None:
        task = asyncio.create_task(self._drop(anchor, gone=gone))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _drop(self, anchor: Anchor, *, gone: bool = False) -> None:
        if self.anchors.get(anchor.id) is anchor:
            del self.anchors[anchor.id]
        await anchor.leave()
        if gone:
            await self._db(adoption.leave_anchor, anchor.id, self.name)
        await self._ear.leave(session_group(anchor.id))

    # --- Adoption --------------------------------------------------------------------------

    def _adopt_soon(self, anchor: Anchor) -> None:
        if anchor.id in self._adopting:
            return
        task = asyncio.create_task(self._adopt_now(anchor))
        self._adopting[anchor.id] = task
        task.add_done_callback(lambda _task: self._adopting.pop(anchor.id, None))

    async def _adopt_now(self, anchor: Anchor) -> None:
        try:
            await self._adopt(anchor)
        except Exception:
            logger.exception("Session %s was not adopted", anchor.id)

    def give_up(self, anchor: Anchor) -> None:
        """The anchor's connection is an actor's now."""
        if self.anchors.get(anchor.id) is anchor:
            del self.anchors[anchor.id]
