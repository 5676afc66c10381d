"""Many actors ask, one reads: nobody waits alone, and nobody gets what is older than the question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import uuid4

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from sessions.broker.looks import MOST_AT_ONCE, Looks
from sessions.broker.supervision import next_look
from sessions.services.looking import Question


class Database:
    """Takes its time, and answers each question with the number of the round."""

    def __init__(self) -> None:
        self.rounds: list[int] = []
        self.goes_on = asyncio.Event()
        self.away = False
        self.unknown: set[Question] = set()

    async def __call__(
        self, _looks: Callable[..., Any], questions: Sequence[Question]
    ) -> list[Any]:
        self.rounds.append(len(questions))
        number = len(self.rounds)
        await self.goes_on.wait()
        if self.away:
            raise ConnectionError("the database is away")
        return [
            KeyError("no such session") if one in self.unknown else number
            for one in questions
        ]


def question() -> Question:
    return Question(session_id=uuid4())


async def ask(looks: Looks, asked: Question) -> int:
    return cast(int, await looks.ask(asked))


async def test_who_asks_while_a_round_is_read_is_in_the_next() -> None:
    database = Database()
    looks = Looks(database)
    first = asyncio.create_task(ask(looks, question()))
    await asyncio.sleep(0.01)
    later = [asyncio.create_task(ask(looks, question())) for _ in range(3)]
    await asyncio.sleep(0.01)
    database.goes_on.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2, 2, 2]
    assert await ask(looks, question()) == 3
    assert database.rounds == [1, 3, 1]


async def test_a_round_is_no_longer_than_one_can_wait_for() -> None:
    database = Database()
    database.goes_on.set()
    looks = Looks(database)
    await asyncio.gather(*(ask(looks, question()) for _ in range(2 * MOST_AT_ONCE + 1)))
    assert database.rounds == [MOST_AT_ONCE, MOST_AT_ONCE, 1]


async def test_what_goes_wrong_with_one_is_its_own_answer() -> None:
    database = Database()
    database.goes_on.set()
    looks = Looks(database)
    unknown = question()
    database.unknown.add(unknown)
    answers = await asyncio.gather(
        ask(looks, unknown), ask(looks, question()), return_exceptions=True
    )
    assert isinstance(answers[0], KeyError)
    assert answers[1] == 1


async def test_a_database_that_is_away_is_said_to_each_and_asked_again() -> None:
    database = Database()
    database.goes_on.set()
    database.away = True
    looks = Looks(database)
    answers = await asyncio.gather(
        ask(looks, question()), ask(looks, question()), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [ConnectionError] * 2
    database.away = False
    assert await ask(looks, question()) == 2


async def test_who_gives_up_keeps_nobody_else_from_an_answer() -> None:
    database = Database()
    looks = Looks(database)
    first = asyncio.create_task(ask(looks, question()))
    await asyncio.sleep(0.01)
    gone = asyncio.create_task(ask(looks, question()))
    stays = asyncio.create_task(ask(looks, question()))
    await asyncio.sleep(0.01)
    gone.cancel()
    database.goes_on.set()
    assert (await first, await stays) == (1, 2)
    with pytest.raises(asyncio.CancelledError):
        await gone


@given(st.floats(min_value=0, max_value=1e9))
def test_sessions_look_at_the_same_moments_and_never_late(now: float) -> None:
    tick = settings.POLICY_TICK_SECONDS
    due = next_look(now)
    assert now < due <= now + tick
    assert due > now + tick * 0.87
    eighths = due / (tick / 8)
    assert abs(eighths - round(eighths)) < 1e-3
