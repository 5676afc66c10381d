"""What was not sent, in words."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from django.utils import translation

from sessions.broker.discards import Discards, sentence_of


@pytest.mark.parametrize(
    ("counts", "age", "said"),
    [
        ({"click": 3}, 4.2, "3 clicks not sent: your picture was 4 s old."),
        ({"key": 1}, 1.26, "1 key not sent: your picture was 1.3 s old."),
        (
            {"click": 1, "key": 2, "scroll": 1},
            12.0,
            "1 click, 2 keys and 1 turn of the wheel not sent: your picture was 12 s old.",
        ),
    ],
)
def test_kind_count_and_age_are_said(
    counts: dict[str, int], age: float, said: str
) -> None:
    with translation.override("en"):
        assert sentence_of(Counter(counts), age).startswith(said)


async def test_what_comes_at_once_is_said_once() -> None:
    told: list[tuple[dict[str, int], float]] = []
    discards = Discards(lambda counts, age: told.append((dict(counts), age)))
    for age in (5.0, 4.0, 3.0):
        discards.add(Counter(click=1), age)
    async with asyncio.timeout(10):
        while not told:
            await asyncio.sleep(0.05)
    discards.flush()
    assert told == [({"click": 3}, 5.0)]
