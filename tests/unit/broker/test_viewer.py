"""A viewer's picture: spliced whole, bounded, and fresh after a slow link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from sessions.broker.viewer import BEHIND_BYTES, Picture, State, Viewer
from sessions.guacamole.instruction import decode_all, encode
from sessions.guacamole.opcodes import OBSERVER, Permissions
from sessions.guacamole.reader import Batch, InstructionReader


class Socket:
    """A browser's socket that can stop taking anything."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.closed_with: int | None = None

    async def send(self, text: str) -> None:
        await self.takes.wait()
        self.texts.append(text)

    async def close(self, code: int) -> None:
        self.closed_with = code

    @property
    def opcodes(self) -> list[str]:
        return [one.opcode for one in decode_all("".join(self.texts))]

    def frames(self) -> list[int]:
        return [
            int(one.args[0])
            for one in decode_all("".join(self.texts))
            if one.opcode == "sync"
        ]


class Desk:
    """A viewer, its socket, its clock and how often it asked for a picture."""

    def __init__(self, permissions: Permissions = OBSERVER) -> None:
        self.socket = Socket()
        self.now = 100.0
        self.asked = 0
        self.reader = InstructionReader()
        self.viewer = Viewer(
            self.socket, permissions, self._ask, clock=lambda: self.now
        )

    def _ask(self, viewer: Viewer) -> None:
        self.asked += 1

    def show(self, *frames: int, drawing: str = "") -> None:
        for frame in frames:
            text = (drawing or encode("rect", 0, 0, 0, 1, 1)) + encode("sync", frame)
            batch: Batch = self.reader.feed(text.encode())
            self.viewer.show(batch, batch.syncs)

    async def settled(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


def picture(timestamp: int) -> Picture:
    return Picture(encode("size", 0, 640, 480) + encode("sync", timestamp), timestamp)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    made.viewer.abandon()


async def test_the_stream_goes_on_right_after_the_picture(desk: Desk) -> None:
    desk.show(1, 2, 3, 4)
    desk.viewer.give(picture(2))
    desk.show(5)
    await desk.settled()
    assert desk.socket.opcodes[:2] == ["size", "sync"]
    assert desk.socket.frames() == [2, 3, 4, 5]


async def test_the_picture_may_come_before_its_frame(desk: Desk) -> None:
    desk.show(1)
    desk.viewer.give(picture(3))
    desk.show(2)
    assert desk.viewer.state is State.WAITING
    desk.show(3, 4)
    await desk.settled()
    assert desk.socket.frames() == [3, 4]


async def test_a_picture_older_than_what_was_heard_is_asked_for_again(
    desk: Desk,
) -> None:
    desk.show(5, 6)
    desk.viewer.give(picture(4))
    assert desk.asked == 1
    desk.show(7)
    desk.viewer.give(picture(7))
    await desk.settled()
    assert desk.socket.frames() == [7]


async def test_a_socket_that_takes_nothing_is_not_queued_for(desk: Desk) -> None:
    desk.viewer.begin(*picture_and_sync(1))
    await desk.settled()
    desk.viewer.drawn(1)
    desk.socket.takes.clear()
    desk.show(2)
    await desk.settled()
    large = encode("blob", 1, "A" * 100_000)
    for frame in range(3, 60):
        desk.show(frame, drawing=large)
    assert desk.viewer.state is State.BEHIND
    assert desk.asked == 0

    desk.socket.takes.set()
    await desk.settled()
    desk.viewer.drawn(2)
    assert desk.asked == 1
    desk.show(100, 101)
    desk.viewer.give(picture(100))
    await desk.settled()
    assert desk.socket.frames() == [1, 2, 100, 101]
    assert sum(len(text) for text in desk.socket.texts) < BEHIND_BYTES


async def test_a_browser_that_draws_nothing_for_long_is_behind(desk: Desk) -> None:
    desk.viewer.begin(*picture_and_sync(1))
    desk.show(2)
    await desk.settled()
    desk.now += 6
    assert desk.viewer.age == pytest.approx(6)
    desk.show(3)
    assert desk.viewer.state is State.BEHIND
    desk.viewer.drawn(2)
    assert desk.asked == 1


async def test_the_age_is_that_of_the_oldest_frame_not_drawn(desk: Desk) -> None:
    desk.viewer.begin(*picture_and_sync(1))
    desk.now += 0.5
    desk.show(2)
    desk.now += 0.5
    assert desk.viewer.age == pytest.approx(1.0)
    desk.viewer.drawn(1)
    assert desk.viewer.age == pytest.approx(0.5)
    desk.viewer.drawn(2)
    assert desk.viewer.age == 0.0


async def test_what_was_dropped_makes_the_picture_old_until_a_fresh_one_is_drawn(
    desk: Desk,
) -> None:
    desk.viewer.begin(*picture_and_sync(1))
    desk.show(2)
    await desk.settled()
    desk.now += 6
    desk.show(3)
    desk.viewer.drawn(2)
    assert desk.viewer.state is State.WAITING
    desk.now += 3  # the fresh picture takes its time
    assert desk.viewer.age == pytest.approx(9)
    desk.show(100)
    desk.viewer.give(picture(100))
    await desk.settled()
    assert desk.viewer.age == pytest.approx(9)
    desk.viewer.drawn(100)
    assert desk.viewer.age == 0.0


async def test_nothing_is_seen_before_the_first_picture_is_drawn(desk: Desk) -> None:
    assert desk.viewer.seen_nothing
    desk.viewer.begin(*picture_and_sync(1))
    await desk.settled()
    assert desk.viewer.seen_nothing
    desk.viewer.drawn(1)
    assert not desk.viewer.seen_nothing


async def test_the_clipboard_reaches_only_who_may_have_it() -> None:
    clipboard = (
        encode("clipboard", 5, "text/plain")
        + encode("blob", 5, "AAAA")
        + encode("end", 5)
    )
    for permissions, gets in (
        (OBSERVER, False),
        (Permissions(clipboard_out=True), True),
    ):
        desk = Desk(permissions)
        desk.viewer.begin(*picture_and_sync(1))
        desk.show(2, drawing=clipboard)
        await desk.settled()
        assert ("clipboard" in desk.socket.opcodes) is gets
        assert ("blob" in desk.socket.opcodes) is gets
        assert desk.socket.frames() == [1, 2]
        desk.viewer.abandon()


async def test_last_words_come_before_the_close(desk: Desk) -> None:
    desk.viewer.begin(*picture_and_sync(1))
    desk.viewer.say("ended", {"reason": "window_closed"})
    desk.viewer.close(4000)
    desk.show(2)
    desk.viewer.say("late", {})
    await desk.viewer.closed_down()
    assert desk.socket.closed_with == 4000
    assert "portal" in desk.socket.opcodes
    assert 2 not in desk.socket.frames()


async def test_a_picture_that_could_not_be_had_is_asked_for_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.viewer.give(None)
    async with asyncio.timeout(5):
        while not desk.asked:
            await asyncio.sleep(0.05)


def picture_and_sync(timestamp: int) -> tuple[str, list[tuple[int, int]]]:
    made = picture(timestamp)
    return made.text, [(len(made.text), timestamp)]
