"""A board's small picture: whole pictures now and then, only when something changed."""

from __future__ import annotations

import asyncio

import pytest

from sessions.broker import glance
from sessions.broker.frames import syncs_of
from sessions.broker.glance import Glance, viewer_for
from sessions.broker.viewer import Picture, Viewer
from sessions.guacamole.instruction import encode
from sessions.guacamole.opcodes import OBSERVER
from sessions.guacamole.reader import Batch, InstructionReader
from sessions.models import Vantage

PICTURE = encode("size", 0, 800, 600) + encode("rect", 0, 0, 0, 8, 8)


class Socket:
    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, text: str) -> None:
        self.sent.append(text)

    async def close(self, code: int) -> None:
        self.sent.append(f"closed {code}")


class Asked:
    """How often a picture was wanted."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, viewer: Viewer) -> None:
        self.times += 1


def batch(*instructions: str) -> Batch:
    return InstructionReader().feed("".join(instructions).encode())


def picture(at: int) -> Picture:
    return Picture(PICTURE + encode("sync", at), at)


def show(viewer: Viewer, seen: Batch) -> None:
    viewer.show(seen, syncs_of(seen))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "EVERY_SECONDS", 0.05)


async def shown() -> tuple[Glance, Socket, Asked]:
    """A glance with its first picture drawn."""
    socket, asked = Socket(), Asked()
    viewer = Glance(socket, OBSERVER, asked)
    viewer.give(picture(100))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    viewer.drawn(100)
    return viewer, socket, asked


async def until(true: object, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_the_stream_is_never_sent() -> None:
    viewer, socket, _asked = await shown()
    assert socket.sent == [picture(100).text]
    show(viewer, batch(encode("rect", 0, 0, 0, 9, 9), encode("sync", 200)))
    await asyncio.sleep(0)
    assert socket.sent == [picture(100).text]
    assert not viewer.wants_frames()
    viewer.abandon()


async def test_a_change_asks_for_one_picture_however_much_changes() -> None:
    viewer, socket, asked = await shown()
    for at in range(200, 260):
        show(viewer, batch(encode("rect", 0, 0, 0, 9, 9), encode("sync", at)))
    await until(lambda: asked.times)
    show(viewer, batch(encode("rect", 0, 0, 0, 9, 9), encode("sync", 300)))
    await asyncio.sleep(0.1)
    assert asked.times == 1  # the first is still being taken
    viewer.give(picture(310))
    await until(lambda: len(socket.sent) == 2)
    viewer.drawn(310)
    await until(lambda: asked.times == 2)  # it changed while the picture was taken
    viewer.abandon()


async def test_an_idle_screen_costs_no_picture() -> None:
    viewer, _socket, asked = await shown()
    for at in range(200, 210):
        show(viewer, batch(encode("mouse", 3, 4), encode("sync", at), encode("nop")))
    await asyncio.sleep(0.15)
    assert asked.times == 0
    viewer.abandon()


async def test_a_browser_that_has_not_drawn_is_waited_for() -> None:
    viewer, socket, asked = await shown()
    viewer.give(picture(200))
    show(viewer, batch(encode("rect", 0, 0, 0, 9, 9), encode("sync", 300)))
    await asyncio.sleep(0.2)
    assert asked.times == 0
    viewer.drawn(200)
    await until(lambda: asked.times == 1)
    assert len(socket.sent) == 2
    viewer.abandon()


async def test_no_picture_could_be_had_so_it_is_asked_for_again() -> None:
    viewer, _socket, asked = await shown()
    show(viewer, batch(encode("rect", 0, 0, 0, 9, 9), encode("sync", 300)))
    await until(lambda: asked.times == 1)
    viewer.give(None)
    await until(lambda: asked.times == 2)
    viewer.abandon()


async def test_who_leaves_asks_for_nothing_more() -> None:
    viewer, _socket, asked = await shown()
    show(viewer, batch(encode("rect", 0, 0, 0, 9, 9), encode("sync", 300)))
    viewer.close(4001)
    await viewer.closed_down()
    await asyncio.sleep(0.1)
    assert asked.times == 0


async def test_only_the_board_glances() -> None:
    for vantage, kind in ((Vantage.BOARD, Glance), (Vantage.CONSOLE, Viewer)):
        viewer = viewer_for(vantage, Socket(), Asked())
        assert type(viewer) is kind
        viewer.abandon()
