"""A browser that reads little, nothing, or only what it is made to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from sessions.broker.splice import Passed, Picture, Splice
from sessions.broker.viewer import (
    BEHIND_BYTES,
    CLOSE_SECONDS,
    ECHO_CHARACTERS,
    HOPELESS_SECONDS,
    WORDS_CHARACTERS,
    State,
)
from sessions.guacamole.instruction import encode
from sessions.guacamole.reader import InstructionReader
from tests.unit.broker.test_viewer import Desk, picture, picture_and_sync


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    made.viewer.begin(*picture_and_sync(1))
    await made.settled()
    made.viewer.drawn(1)
    made.socket.takes.clear()
    yield made
    made.viewer.abandon()


async def test_answers_to_pings_do_not_pile_up_for_who_reads_nothing(
    desk: Desk,
) -> None:
    for number in range(20_000):
        desk.viewer.say_raw(encode("", "ping", number))
        desk.viewer.say("pace", {"lag_ms": number})
    assert desk.viewer._words_length <= WORDS_CHARACTERS
    desk.viewer.say_raw("x" * ECHO_CHARACTERS)
    assert desk.viewer._words_length <= WORDS_CHARACTERS


async def test_a_socket_that_takes_nothing_is_known_and_closed_without_it(
    desk: Desk,
) -> None:
    desk.show(2)
    await desk.settled()
    desk.now += 30
    assert desk.viewer.stuck_for == pytest.approx(30)
    desk.viewer.close(4013)
    async with asyncio.timeout(10 * CLOSE_SECONDS):
        while desk.socket.closed_with is None:
            await asyncio.sleep(0.05)
    assert desk.socket.closed_with == 4013


async def test_a_picture_larger_than_the_bound_is_shown_all_the_same() -> None:
    desk = Desk()
    large = encode("blob", 1, "A" * 8_000) * (BEHIND_BYTES // 8_000 + 10)
    desk.viewer.give(Picture(large + encode("sync", 5), 5))
    desk.show(5, 6)
    await desk.settled()
    assert desk.viewer.state is State.STREAMING
    assert desk.socket.frames() == [5, 6]
    desk.viewer.abandon()


async def test_a_large_picture_on_its_way_is_waited_for_and_not_for_ever(
    desk: Desk,
) -> None:
    """On a slow link a fresh picture takes longer than what is to be sent anyhow."""
    desk.show(2)
    await desk.settled()
    desk.now += 7
    desk.show(3)
    assert desk.viewer.wants_frames()
    desk.now += HOPELESS_SECONDS
    desk.show(4)
    assert desk.viewer.catching_up


async def test_what_waits_and_is_more_than_a_picture_is_replaced_by_one(
    desk: Desk,
) -> None:
    desk.show(2)
    await desk.settled()
    drawing = encode("blob", 1, "A" * 40_000)
    desk.show(3, drawing=drawing)
    desk.now += 1.5
    desk.show(4, drawing=drawing)
    assert desk.viewer.state is State.BEHIND
    desk.socket.takes.set()
    await desk.settled()
    desk.viewer.drawn(2)
    desk.show(7)
    desk.viewer.give(picture(7))
    await desk.settled()
    assert desk.socket.frames() == [1, 2, 7]
    desk.viewer.drawn(7)
    assert not desk.viewer.catching_up


def batch_of(*frames: int) -> object:
    text = "".join(
        encode("rect", 0, 0, 0, 1, 1) + encode("sync", one) for one in frames
    )
    return InstructionReader().feed(text.encode())


def test_a_picture_whose_frame_shares_its_time_with_another_is_taken_again() -> None:
    splice = Splice(1_000)
    splice.keep(batch_of(4, 5, 5, 6))  # type: ignore[arg-type]
    splice.give(picture(5))
    with pytest.raises(Passed):
        splice.joined()


def test_what_is_kept_for_a_picture_is_bounded() -> None:
    splice = Splice(500)
    for frame in range(1, 200):
        splice.keep(batch_of(frame))  # type: ignore[arg-type]
    splice.give(picture(150))
    with pytest.raises(Passed):
        splice.joined()
    splice = Splice(500)
    splice.keep(batch_of(199))  # type: ignore[arg-type]
    splice.give(picture(199))
    assert splice.joined() == (picture(199), [])
