"""The lease on this process's own clock: what opens the gate, what shuts it, what loses it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.broker.lease import WORN_SECONDS, Lease, Leases, clock
from sessions.services.leases import LEASE_SECONDS, RENEW_SECONDS


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Database:
    """Answers renewals; may be away, slow, or say that a lease is another's."""

    def __init__(self, now: Clock) -> None:
        self.now = now
        self.away = False
        self.takes = 0.0
        self.locked: set[UUID] = set()
        self.others: set[UUID] = set()

    async def renew(self, held: Mapping[UUID, int]) -> tuple[set[UUID], set[UUID]]:
        self.now.now += self.takes
        if self.away:
            raise ConnectionError("the database is away")
        mine = set(held) - self.others
        return mine - self.locked, set(held) & self.others


@pytest.fixture
def now() -> Clock:
    return Clock()


@pytest.fixture
def database(now: Clock) -> Database:
    return Database(now)


@pytest.fixture
async def leases(now: Clock, database: Database) -> Leases:
    return Leases(database.renew, now)


def test_the_gate_shuts_when_the_time_is_up(now: Clock) -> None:
    lease = Lease(1, now.now, now)
    assert lease.held() and not lease.worn
    now.now += WORN_SECONDS
    assert lease.held() and lease.worn  # releases may still go, input may not
    now.now += LEASE_SECONDS - WORN_SECONDS
    assert not lease.held()


def test_what_is_held_is_released_while_that_is_allowed() -> None:
    assert RENEW_SECONDS < WORN_SECONDS < LEASE_SECONDS


async def test_the_time_counts_from_before_the_question(
    leases: Leases, database: Database, now: Clock
) -> None:
    lease = leases.keep(uuid4(), 1, now.now)
    database.takes = LEASE_SECONDS + 0.1  # the answer itself took longer than a lease
    assert await leases.renew_all()
    assert not lease.held() and not lease.lost


async def test_a_database_that_is_away_loses_no_lease(
    leases: Leases, database: Database, now: Clock
) -> None:
    lease = leases.keep(uuid4(), 1, now.now)
    told = []
    lease.on_worn = lambda: told.append("worn")
    lease.on_fresh = lambda: told.append("fresh")
    database.away = True
    now.now += 10 * LEASE_SECONDS
    lease.notice_wear()
    lease.notice_wear()
    assert told == ["worn"]
    assert not await leases.renew_all()
    assert not lease.held() and not lease.lost

    database.away = False
    assert await leases.renew_all()
    assert lease.held() and not lease.worn
    now.now += WORN_SECONDS
    lease.notice_wear()
    assert told == ["worn", "fresh", "worn"]  # each time anew


async def test_one_that_is_anothers_is_lost_for_good(
    leases: Leases, database: Database, now: Clock
) -> None:
    mine, lost = uuid4(), uuid4()
    kept, gone = leases.keep(mine, 1, now.now), leases.keep(lost, 3, now.now)
    told = []
    gone.on_lost = lambda: told.append("lost")
    database.others = {lost}
    await leases.renew_all()
    assert told == ["lost"] and not gone.held() and gone.worn
    database.others = set()
    await leases.renew_all()
    gone.renewed(now.now)
    assert not gone.held() and kept.held()


async def test_a_row_that_somebody_changes_stops_no_other(
    leases: Leases, database: Database, now: Clock
) -> None:
    busy, free = uuid4(), uuid4()
    waits, goes_on = leases.keep(busy, 1, now.now), leases.keep(free, 1, now.now)
    database.locked = {busy}
    now.now += 2.0
    await leases.renew_all()
    now.now += 2.5
    assert goes_on.held() and not waits.held() and not waits.lost


async def test_an_end_is_sure_of_its_lease(
    leases: Leases, database: Database, now: Clock
) -> None:
    key = uuid4()
    lease = leases.keep(key, 1, now.now)
    now.now += 10 * LEASE_SECONDS  # stopped for so long
    assert await leases.sure(lease)  # and nobody took it
    assert lease.held()
    now.now += 10 * LEASE_SECONDS
    database.others = {key}
    assert not await leases.sure(lease)
    assert not lease.held()


async def test_a_database_that_hangs_is_not_waited_for(now: Clock) -> None:
    async def hang(held: Mapping[UUID, int]) -> tuple[set[UUID], set[UUID]]:
        await asyncio.sleep(3600)
        return set(), set()

    leases = Leases(hang, now)
    lease = leases.keep(uuid4(), 1, now.now)
    now.now += 2 * LEASE_SECONDS
    async with asyncio.timeout(20):
        assert await leases.sure(lease)  # nobody can say, so it is not lost
    assert not lease.held()  # and nothing is sent


def test_the_clock_goes_on_while_the_process_stands_still() -> None:
    before = clock()
    assert clock() >= before


@given(
    st.lists(
        st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0), st.booleans()), max_size=30
    )
)
def test_no_two_can_hold_it(steps: list[tuple[float, float, bool]]) -> None:
    """Whatever the delays: while the gate is open, the database's lease is not over.

    Each step: the question travels, the answer travels, and may be lost.
    """
    now = Clock()
    lease = Lease(1, now.now, now)
    database_until = now.now + LEASE_SECONDS
    for there, back, arrives in steps:
        asked_at = now.now
        now.now += there
        if now.now < database_until:
            database_until = now.now + LEASE_SECONDS
            now.now += back
            if arrives:
                lease.renewed(asked_at)
        assert not lease.held() or now.now < database_until
