"""Messages between processes when a thousand are said at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from accessportal import live


class FailingLayer:
    """A Redis that is away: it refuses, or says nothing; until it is back."""

    def __init__(self, *, hangs: bool) -> None:
        self.hangs = hangs
        self.back = False
        self.asked = 0
        self.taken: list[str] = []

    async def group_send(self, group: str, message: dict[str, str]) -> None:
        self.asked += 1
        if not self.back:
            if self.hangs:
                await asyncio.Event().wait()
            raise ConnectionRefusedError
        self.taken.append(message["about"])


class SlowLayer:
    """A channel layer that takes a message when it is told to."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.open = asyncio.Event()

    async def group_send(self, group: str, message: dict[str, str]) -> None:
        await self.open.wait()
        self.taken.append(f"{group}: {message['about']}")


@pytest.fixture
def no_loop_afterwards() -> Iterator[None]:
    yield
    live.remember_loop(None)


async def test_the_same_said_a_thousand_times_is_sent_at_once_and_once_more(
    no_loop_afterwards: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = SlowLayer()
    monkeypatch.setattr(live, "get_channel_layer", lambda: layer)
    live.remember_loop(asyncio.get_running_loop())

    def many_acts() -> None:
        for _ in range(1000):
            live.announce("news.site.1", "news.changed", about="sessions")
        live.announce("news.site.1", "news.changed", about="requests")

    await asyncio.to_thread(many_acts)
    layer.open.set()
    async with asyncio.timeout(30):
        while len(layer.taken) < 3:
            await asyncio.sleep(0.01)
    assert sorted(layer.taken) == [
        "news.site.1: requests",
        *["news.site.1: sessions"] * 2,
    ]

    # What is said later is sent again: nothing of before holds it back.
    await asyncio.to_thread(
        live.announce, "news.site.1", "news.changed", about="sessions"
    )
    async with asyncio.timeout(30):
        while len(layer.taken) < 4:
            await asyncio.sleep(0.01)
    assert layer.taken[-1] == "news.site.1: sessions"


@pytest.mark.parametrize("hangs", [False, True], ids=["refuses", "hangs"])
async def test_what_was_said_while_redis_was_away_holds_nothing_back_when_it_is_back(
    hangs: bool,
    no_loop_afterwards: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer = FailingLayer(hangs=hangs)
    monkeypatch.setattr(live, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(live, "PATIENCE_SECONDS", 0.1)
    live.remember_loop(asyncio.get_running_loop())

    def many_acts() -> None:
        for _ in range(1000):
            live.announce("news.site.1", "news.changed", about="sessions")

    for _ in range(2):
        await asyncio.to_thread(many_acts)
    async with asyncio.timeout(30):
        while live._sending or not layer.asked:
            await asyncio.sleep(0.01)
    assert layer.taken == []
    if hangs:
        assert layer.asked <= 4  # each that hung was followed by one more at most

    layer.back = True
    await asyncio.to_thread(
        live.announce, "news.site.1", "news.changed", about="sessions"
    )
    async with asyncio.timeout(30):
        while not layer.taken:
            await asyncio.sleep(0.01)
    assert layer.taken == ["sessions"]
