"""Our answer to `sync` is the pace of the whole connection."""

from __future__ import annotations

import asyncio

from sessions.broker.pace import Pace


async def test_with_nobody_working_every_frame_is_answered_at_once() -> None:
    answers: list[int] = []
    pace = Pace(answers.append)
    pace.frame(1, wait=False)
    pace.frame(2, wait=False)
    assert answers == [1, 2]


async def test_the_one_who_works_sets_the_pace() -> None:
    answers: list[int] = []
    pace = Pace(answers.append, bound=5.0)
    pace.frame(1, wait=True)
    pace.frame(2, wait=True)
    pace.frame(3, wait=True)
    assert answers == []
    pace.drawn(2)
    assert answers == [2]
    pace.drawn(2)
    pace.drawn(1)
    assert answers == [2]
    pace.close()


async def test_but_never_holds_it_up() -> None:
    answers: list[int] = []
    pace = Pace(answers.append, bound=0.02)
    pace.frame(1, wait=True)
    pace.frame(2, wait=True)
    async with asyncio.timeout(5):
        while 2 not in answers:
            await asyncio.sleep(0.01)
    pace.frame(3, wait=True)
    async with asyncio.timeout(5):
        while 3 not in answers:
            await asyncio.sleep(0.01)
    pace.close()


async def test_who_leaves_paces_no_longer() -> None:
    answers: list[int] = []
    pace = Pace(answers.append, bound=60.0)
    pace.frame(1, wait=True)
    pace.frame(2, wait=True)
    pace.release()
    assert answers == [2]
    pace.close()


async def test_a_recorder_that_lags_slows_the_asset_and_never_past_the_bound() -> None:
    answers: list[int] = []
    lags = True
    pace = Pace(answers.append, bound=0.05, held=lambda: lags)

    pace.frames([(10, 1), (20, 2)], wait=False)
    pace.frames([(10, 3)], wait=True)
    pace.drawn(3)
    assert answers == []
    await asyncio.sleep(0.1)
    assert answers[-1] == 3

    pace.frames([(10, 4), (20, 5)], wait=False)
    assert answers[-1] == 3
    lags = False
    await asyncio.sleep(0.03)
    assert answers[-1] == 5
    pace.close()
