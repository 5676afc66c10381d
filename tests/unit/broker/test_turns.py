"""A guacd is asked for one connection after the other; another one does not wait for it."""

from __future__ import annotations

import asyncio

from sessions.broker.upstream import APART_SECONDS, turn_at


async def test_many_at_once_come_apart_and_in_their_order() -> None:
    loop = asyncio.get_running_loop()
    came: list[tuple[int, float]] = []

    async def one(number: int) -> None:
        await turn_at("test-turns-a:1")
        came.append((number, loop.time()))

    began = loop.time()
    await asyncio.gather(*(one(number) for number in range(4)))
    assert [number for number, _at in came] == [0, 1, 2, 3]
    # A timer may be a little early, by the clock's grain.
    assert came[-1][1] - began >= 3 * APART_SECONDS - 0.01


async def test_who_gives_up_the_wait_stops_nobody() -> None:
    waiting = [asyncio.create_task(turn_at("test-turns-b:1")) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert waiting[2].exception() is None


async def test_another_guacd_does_not_wait() -> None:
    for _ in range(20):
        asyncio.create_task(turn_at("test-turns-c:1")).add_done_callback(lambda _: None)
    await asyncio.sleep(0)
    async with asyncio.timeout(20 * APART_SECONDS / 2):
        await turn_at("test-turns-d:1")
