"""Whether this process may send: its leases, on its own clock.

A lease is good until `LEASE_SECONDS` after the moment *before* its last renewal was
asked for. Once that has passed, nothing but `sync` answers goes upstream (`Lease.held` is
the gate of `GuacdStream.send`, asked at the very moment of sending), whatever the process was
doing meanwhile: a broker that was stopped for ten seconds and wakes finds the gate shut. A
second before, input stops and what is held is released, while that is still allowed.

A lease that is over by this clock is not lost: it is lost when the database says that
another holds it, or that the session is over. Until then a renewal opens the gate again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from uuid import UUID

from sessions.services.leases import LEASE_SECONDS, RENEW_SECONDS

logger = logging.getLogger(__name__)

WORN_SECONDS = 3.0
"""After so long without a renewal input stops and what is held is released."""

RETRY_SECONDS = 0.2
SURE_SECONDS = 1.0

Renew = Callable[[Mapping[UUID, int]], Coroutine[Any, Any, tuple[set[UUID], set[UUID]]]]


def clock() -> float:
    """Seconds that go on while the process is stopped, and while the computer sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """One session's. Times are those of `clock`."""

    def __init__(
        self, epoch: int, asked_at: float, now: Callable[[], float] = clock
    ) -> None:
        self.epoch = epoch
        self.lost = False
        self.on_worn: Callable[[], None] = lambda: None
        self.on_fresh: Callable[[], None] = lambda: None
        self.on_lost: Callable[[], None] = lambda: None
        self._asked_at = asked_at
        self._now = now
        self._told_worn = False

    def held(self) -> bool:
        """The gate: whether anything may be sent this moment."""
        return not self.lost and self._now() < self._asked_at + LEASE_SECONDS

    @property
    def worn(self) -> bool:
        """Too long without a renewal for input; releases may still go while `held`."""
        return self.lost or self._now() >= self._asked_at + WORN_SECONDS

    def renewed(self, asked_at: float) -> None:
        if not self.lost:
            self._asked_at = max(self._asked_at, asked_at)
            if self._told_worn and not self.worn:
                self._told_worn = False
                self.on_fresh()

    def lose(self) -> None:
        """Somebody else holds it, or there is nothing to hold any more."""
        if not self.lost:
            self.lost = True
            self.on_lost()

    def notice_wear(self) -> None:
        """Tell once that input has to stop."""
        if self.worn and not self._told_worn:
            self._told_worn = True
            self.on_worn()


class Leases:
    """All leases of a broker: renewed together, watched on the local clock.

    `renew` asks the database; it may fail, and it may hang.
    """

    def __init__(self, renew: Renew, now: Callable[[], float] = clock) -> None:
        self._renew = renew
        self._now = now
        self._held: dict[UUID, Lease] = {}
        self._asking = asyncio.Lock()
        self._wake = asyncio.Event()

    def keep(self, session_id: UUID, epoch: int, asked_at: float) -> Lease:
        """A lease that was just given; `asked_at` is from before it was asked for."""
        lease = self._held[session_id] = Lease(epoch, asked_at, self._now)
        return lease

    def drop(self, session_id: UUID, lease: Lease) -> None:
        """The session is over here: its lease is not renewed any more."""
        if self._held.get(session_id) is lease:
            del self._held[session_id]

    async def run(self) -> None:
        """Renew every second, sooner after a failure."""
        while True:
            pause = RENEW_SECONDS if await self.renew_all() else RETRY_SECONDS
            await asyncio.sleep(pause)

    async def watch(self) -> None:
        """Notice the leases that wear out; depends on nothing but the clock."""
        while True:
            await asyncio.sleep(0.1)
            for lease in list(self._held.values()):
                lease.notice_wear()

    async def renew_all(self) -> bool:
        """Ask once for all; False when the database did not answer."""
        async with self._asking:
            held = dict(self._held)
            if not held:
                return True
            asked_at = self._now()
            try:
                renewed, lost = await self._renew(
                    {key: lease.epoch for key, lease in held.items()}
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing was renewed
                logger.warning("The leases were not renewed: %s", error)
                return False
            for key in renewed:
                held[key].renewed(asked_at)
            for key in lost:
                self.drop(key, held[key])
                held[key].lose()
            return True

    async def sure(self, lease: Lease) -> bool:
        """Whether the lease is not lost; asks the database when this clock cannot tell."""
        if not lease.held() and not lease.lost:
            try:
                await asyncio.wait_for(self.renew_all(), SURE_SECONDS)
            except TimeoutError:
                logger.warning("Nobody can say whether a lease is still held.")
        return not lease.lost
