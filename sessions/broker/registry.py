"""The broker of this process: it starts actors, hands tunnels to them, and clears up.

Every `ROUND_SECONDS` it looks for what a lost message or a dead predecessor left behind:
sessions to be connected, live ones without an actor, ends without a proof. What it does
as one of several is in `fleet`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings

from sessions.broker import interrupted, reconciling
from sessions.broker.actor import SessionActor
from sessions.broker.anchor import Anchor
from sessions.broker.ear import Ear
from sessions.broker.end import End
from sessions.broker.fleet import Fleet
from sessions.broker.lease import Lease, clock
from sessions.broker.looks import Looks
from sessions.broker.seat import CloseCode
from sessions.broker.upstream import watch_guacds
from sessions.models import BrokeredSession
from sessions.services import adoption, lifecycle
from sessions.services.news import BROKERS, broker_group, session_group

logger = logging.getLogger(__name__)

ROUND_SECONDS = 2.0
STOP_SECONDS = 20.0

_running: dict[str, Broker] = {}


def broker_named(name: str) -> Broker | None:
    """The broker of this name, if it runs in this process."""
    return _running.get(name)


class Broker:
    """`start` and `stop` in the event loop that serves the tunnels.

    on_deposed: called when another process has become the broker of this name.
    """

    def __init__(
        self, name: str = "", on_deposed: Callable[[], None] = lambda: None
    ) -> None:
        self.name = name or settings.BROKER_NAME
        self.actors: dict[str, SessionActor] = {}
        self.ear = Ear(f"broker.{self.name}", self._hear)
        self.fleet = Fleet(self.name, self.ear, self._adopt, self._depose)
        self._on_deposed = on_deposed
        self._lives: dict[str, asyncio.Task[None]] = {}
        self._executor = ThreadPoolExecutor(8, thread_name_prefix="broker-db")
        self._looks = Looks(self.db)
        self._tasks: list[asyncio.Task[Any]] = []
        self._beginning: dict[str, asyncio.Task[SessionActor | None]] = {}
        self._proving: dict[UUID, asyncio.Task[bool]] = {}

    async def start(self) -> None:
        """Take the name, mark what an earlier process left live as interrupted, then serve.

        Raises `NameTaken` while another process has the name.
        """
        await self.fleet.take_name()
        _running[self.name] = self
        await self.ear.open(broker_group(self.name), BROKERS)
        self.fleet.start()
        await self._clear_up()
        self._tasks = [
            asyncio.create_task(self._rounds()),
            asyncio.create_task(watch_guacds(self.db)),
            asyncio.create_task(reconciling.run(self._all_actors, self.db)),
            asyncio.create_task(reconciling.watch_recorders(self._all_actors, self.db)),
        ]

    def _all_actors(self) -> list[SessionActor]:
        return list(self.actors.values())

    async def stop(self) -> None:
        """Hand over every session that another broker can take; end the others properly."""
        if _running.get(self.name) is not self:
            return
        for task in self._tasks:
            task.cancel()
        anchored = await self._retire()
        if self._beginning:
            # What was claimed a moment ago becomes an actor first, and ends like the others.
            await asyncio.wait(list(self._beginning.values()), timeout=STOP_SECONDS)
        for actor in list(self.actors.values()):
            actor.end(
                End(
                    BrokeredSession.EndReason.INTERRUPTED,
                    close_code=CloseCode.RESTART,
                    hands_over=actor.id in anchored,
                )
            )
        if self._lives:
            await asyncio.wait(list(self._lives.values()), timeout=STOP_SECONDS)
        leftover: list[asyncio.Task[Any]] = [*self._lives.values(), *self._tasks]
        leftover += self._proving.values()
        for task in leftover:
            task.cancel()
        await asyncio.gather(*leftover, return_exceptions=True)
        await self.fleet.stop()
        await self.ear.close()
        await asyncio.to_thread(self._executor.shutdown)
        if _running.get(self.name) is self:
            del _running[self.name]

    async def _retire(self) -> set[UUID]:
        """No new session comes here any more; which of ours another broker can take."""
        try:
            await self.fleet.retire()
            found: set[UUID] = await self.db(
                adoption.may_be_handed_over,
                [actor.id for actor in self.actors.values()],
            )
        except Exception:
            logger.exception("Nobody could be asked to take over")
            return set()
        return found

    def actor_of(self, session_id: Any) -> SessionActor | None:
        """The actor of a session that lives here and is not ending."""
        actor = self.actors.get(str(session_id))
        return None if actor is None or actor.ending else actor

    async def begin(self, session_id: Any) -> SessionActor | None:
        """Connect a session, unless somebody else did or it is over.

        The message that asks for it and the browser that comes for it may be here at the
        same time: the second waits for what the first one finds.
        """
        key = str(session_id)
        task = self._beginning.get(key)
        if task is None:
            task = self._beginning[key] = asyncio.create_task(self._begin(session_id))
            task.add_done_callback(lambda _task: self._beginning.pop(key, None))
        return await asyncio.shield(task)

    async def _begin(self, session_id: Any) -> SessionActor | None:
        if self.fleet.stopping:
            return None
        asked_at = clock()
        row = await self.db(lifecycle.claim_session, session_id, broker=self.name)
        if row is None:
            return self.actor_of(session_id)
        return await self._bring_to_life(row, asked_at)

    async def _adopt(self, anchor: Anchor) -> None:
        """Take over the session of an anchor that is kept here, unless another was first."""
        key = str(anchor.id)
        if self.fleet.stopping or key in self._lives:
            return  # the one that has just been lost here is still going
        asked_at = clock()
        adopted = await self.db(
            adoption.adopt_session,
            anchor.id,
            broker=self.name,
            epoch=anchor.session.epoch,
        )
        if adopted is not None:
            row, anchor.given_because = adopted
            self.fleet.give_up(anchor)
            await self._bring_to_life(row, asked_at, anchor)

    async def _bring_to_life(
        self, row: BrokeredSession, asked_at: float, anchor: Anchor | None = None
    ) -> SessionActor:
        lease = self.fleet.leases.keep(row.pk, row.lease_epoch, asked_at)
        actor = SessionActor(
            row,
            executor=self._executor,
            looks=self._looks,
            leases=self.fleet.leases,
            lease=lease,
            anchor=anchor,
        )
        key = str(row.pk)
        self.actors[key] = actor
        await self.ear.join(session_group(key))
        life = asyncio.create_task(self._live(actor))
        self._lives[key] = life
        life.add_done_callback(partial(self._over, key, lease))
        return actor

    async def db(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        run = database_sync_to_async(
            function, thread_sensitive=False, executor=self._executor
        )
        return await run(*args, **kwargs)

    # --- Inside --------------------------------------------------------------------------

    async def _live(self, actor: SessionActor) -> None:
        try:
            await actor.run()
        finally:
            await self.ear.leave(session_group(actor.id))

    def _over(self, key: str, lease: Lease, life: asyncio.Task[None]) -> None:
        self.fleet.leases.drop(UUID(key), lease)
        self.actors.pop(key, None)
        self._lives.pop(key, None)
        if not life.cancelled() and life.exception() is not None:
            logger.error("The actor of session %s died", key, exc_info=life.exception())

    def _depose(self) -> None:
        """Another process is the broker of this name: none of its sessions is ours."""
        for actor in list(self.actors.values()):
            actor.lease.lose()
        self._on_deposed()

    async def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "session.start":
            await self.begin(message["session"])
        elif message["type"] == "fleet.look":
            self.fleet.look()
        elif "session" in message:
            actor = self.actors.get(message["session"])
            if actor is not None:
                actor.supervision.wake()
            else:
                self.fleet.look()  # an anchor of ours is in it
        else:
            for actor in self.actors.values():
                actor.supervision.wake()

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                if self.fleet.calm:
                    await self._clear_up()
            except Exception:
                logger.exception(
                    "The broker's round failed; the next one will try again"
                )

    async def _clear_up(self) -> None:
        found = await self.db(interrupted.left_behind, self.name, list(self.actors))
        for session_id in found.to_connect:
            await self.begin(session_id)
        for row in found.abandoned:
            if not self._looked_after(row):
                await interrupted.interrupt(self.db, row, self.name)
                self._prove(row)
        for row in found.unproven:
            if not self._looked_after(row):
                self._prove(row)

    def _looked_after(self, row: BrokeredSession) -> bool:
        """Claimed here while the database was being asked: not abandoned at all."""
        key = str(row.pk)
        return key in self.actors or key in self._beginning

    def _prove(self, row: BrokeredSession) -> None:
        if row.pk in self._proving:
            return
        task = asyncio.create_task(interrupted.prove(self.db, row))
        self._proving[row.pk] = task
        task.add_done_callback(lambda _task: self._proving.pop(row.pk, None))
