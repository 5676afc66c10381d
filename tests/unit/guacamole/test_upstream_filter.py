"""What a participant may send: Vera in control, Olga who watches, and abuse."""

from __future__ import annotations

import pytest

from sessions.guacamole.instruction import Instruction
from sessions.guacamole.opcodes import OBSERVER, UPSTREAM, Pass, Permissions
from sessions.guacamole.streamfilter import (
    ACTOR,
    FORWARD,
    REFUSED,
    Reason,
    UpstreamFilter,
    UpstreamLimits,
)

CONTROL = Permissions(control=True)
PASTING = Permissions(control=True, clipboard_in=True)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def judge(permissions: Permissions, opcode: str, *args: str) -> object:
    return UpstreamFilter(permissions).judge(Instruction(opcode, args))


@pytest.mark.parametrize(
    ("opcode", "args"),
    [
        ("key", ("65", "1")),
        ("mouse", ("10", "20", "1")),
        ("touch", ("0", "10", "20", "1", "1", "0", "0.5")),
    ],
)
def test_input_needs_control(opcode: str, args: tuple[str, ...]) -> None:
    assert judge(CONTROL, opcode, *args) == FORWARD
    assert judge(OBSERVER, opcode, *args) == REFUSED[Reason.PERMISSION]


@pytest.mark.parametrize(
    ("opcode", "args"),
    [("sync", ("123",)), ("nop", ()), ("disconnect", ()), ("", ("ping", "1"))],
)
def test_an_observer_says_what_it_has_drawn_and_that_it_leaves(
    opcode: str, args: tuple[str, ...]
) -> None:
    assert judge(OBSERVER, opcode, *args) == ACTOR


def test_size_is_the_actors_and_only_from_who_controls() -> None:
    assert judge(CONTROL, "size", "1280", "800") == ACTOR
    assert judge(OBSERVER, "size", "1280", "800") == REFUSED[Reason.PERMISSION]


@pytest.mark.parametrize(
    "opcode", [name for name, rule in UPSTREAM.items() if rule.verdict is Pass.NEVER]
)
def test_nobody_speaks_the_handshake_or_opens_other_streams(opcode: str) -> None:
    everything = Permissions(
        control=True,
        clipboard_in=True,
        clipboard_out=True,
        files_in=True,
        files_out=True,
    )

    assert judge(everything, opcode, "1") == REFUSED[Reason.OPCODE]


def test_an_unknown_opcode_is_refused() -> None:
    assert judge(CONTROL, "reboot") == REFUSED[Reason.OPCODE]


@pytest.mark.parametrize(
    ("opcode", "args"),
    [
        ("key", ("65",)),
        ("key", ("65", "2")),
        ("key", ("x", "1")),
        ("key", ("٦", "1")),
        ("key", ("65", "1", "2", "3")),
        ("mouse", ("1", "2")),
        ("mouse", ("1.5", "2", "0")),
        ("size", ("-1", "5")),
        ("sync", ("1;2",)),
    ],
)
def test_malformed_arguments_are_refused(opcode: str, args: tuple[str, ...]) -> None:
    assert judge(CONTROL, opcode, *args) == REFUSED[Reason.MALFORMED]


def test_a_paste_passes_piece_by_piece() -> None:
    upstream = UpstreamFilter(PASTING)

    for one in (
        Instruction("clipboard", ("0", "text/plain")),
        Instruction("blob", ("0", "SGFsbG8=")),
        Instruction("end", ("0",)),
    ):
        assert upstream.judge(one) == FORWARD
    again = Instruction("blob", ("0", "SGFsbG8="))
    assert upstream.judge(again) == REFUSED[Reason.STREAM]


def test_a_refused_paste_is_refused_with_its_pieces() -> None:
    upstream = UpstreamFilter(CONTROL)
    opened = upstream.judge(Instruction("clipboard", ("0", "text/plain")))

    assert opened == REFUSED[Reason.PERMISSION]
    assert upstream.judge(Instruction("blob", ("0", "AA=="))) == REFUSED[Reason.STREAM]
    assert upstream.judge(Instruction("end", ("0",))) == REFUSED[Reason.STREAM]


def test_only_text_is_pasted() -> None:
    assert judge(PASTING, "clipboard", "0", "image/png") == REFUSED[Reason.MALFORMED]


def test_a_paste_is_bounded_and_dropped_as_a_whole() -> None:
    upstream = UpstreamFilter(PASTING, UpstreamLimits(stream_bytes=1000))
    upstream.judge(Instruction("clipboard", ("0", "text/plain")))

    piece = Instruction("blob", ("0", "A" * 1000))
    assert upstream.judge(piece) == FORWARD
    assert upstream.judge(piece) == REFUSED[Reason.SIZE]
    assert upstream.judge(Instruction("end", ("0",))) == REFUSED[Reason.STREAM]


def test_open_streams_are_bounded() -> None:
    upstream = UpstreamFilter(PASTING)
    judged = [
        upstream.judge(Instruction("clipboard", (str(index), "text/plain")))
        for index in range(5)
    ]

    assert judged == [FORWARD] * 4 + [REFUSED[Reason.STREAM]]


def test_when_the_baton_goes_the_input_and_the_open_paste_go() -> None:
    upstream = UpstreamFilter(PASTING)
    upstream.judge(Instruction("clipboard", ("0", "text/plain")))

    upstream.permit(OBSERVER)

    assert upstream.judge(Instruction("key", ("65", "1"))) == REFUSED[Reason.PERMISSION]
    assert upstream.judge(Instruction("blob", ("0", "AA=="))) == REFUSED[Reason.STREAM]


def test_more_than_hands_can_do_is_refused_until_time_passes() -> None:
    clock = Clock()
    limits = UpstreamLimits(instructions_per_second=10, burst_seconds=1)
    upstream = UpstreamFilter(CONTROL, limits, clock)
    press = Instruction("key", ("65", "1"))

    judged = [upstream.judge(press) for _ in range(12)]
    assert judged == [FORWARD] * 10 + [REFUSED[Reason.RATE]] * 2

    clock.now += 1
    assert upstream.judge(press) == FORWARD


def test_a_release_passes_when_a_press_would_not() -> None:
    limits = UpstreamLimits(instructions_per_second=2, burst_seconds=1)
    upstream = UpstreamFilter(CONTROL, limits, Clock())
    upstream.judge(Instruction("key", ("65", "1")))
    upstream.judge(Instruction("mouse", ("1", "1", "1")))

    assert upstream.judge(Instruction("key", ("66", "1"))) == REFUSED[Reason.RATE]
    assert upstream.judge(Instruction("key", ("65", "0"))) == FORWARD
    assert upstream.judge(Instruction("mouse", ("1", "1", "0"))) == FORWARD
    assert upstream.judge(Instruction("mouse", ("2", "1", "0"))) == REFUSED[Reason.RATE]


def test_a_flood_of_releases_is_a_flood() -> None:
    limits = UpstreamLimits(instructions_per_second=2, burst_seconds=1)
    upstream = UpstreamFilter(CONTROL, limits, Clock())
    judged = [upstream.judge(Instruction("key", ("65", "0"))) for _ in range(20)]

    assert judged[-1] == REFUSED[Reason.FLOOD]
