"""Nobody receives a clipboard or a file that is not theirs to see."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from sessions.guacamole.instruction import decode_all, encode
from sessions.guacamole.opcodes import DOWNSTREAM, OBSERVER, Pass, Permissions
from sessions.guacamole.reader import InstructionReader
from sessions.guacamole.streamfilter import DownstreamFilter
from tests.unit.guacamole.strategies import cut_streams

PICTURE = (
    encode("img", 1, 14, 0, "image/png", 0, 0)
    + encode("blob", 1, "UElD")
    + encode("end", 1)
)
CLIPBOARD = (
    encode("clipboard", 3, "text/plain")
    + encode("blob", 3, "U0VDUkVU")
    + encode("end", 3)
)
FRAME = encode("sync", 1234)


def received(permissions: Permissions, *pieces: str) -> str:
    reader = InstructionReader()
    downstream = DownstreamFilter(permissions)
    return "".join(downstream.apply(reader.feed(piece.encode())) for piece in pieces)


def test_an_observer_sees_the_picture_and_not_the_clipboard() -> None:
    assert received(OBSERVER, PICTURE + CLIPBOARD + FRAME) == PICTURE + FRAME


def test_who_may_copy_out_receives_the_clipboard() -> None:
    everything = CLIPBOARD + PICTURE + FRAME

    assert received(Permissions(clipboard_out=True), everything) == everything


def test_a_clipboard_between_the_blobs_of_a_picture_is_cut_out_alone() -> None:
    mixed = (
        encode("img", 1, 14, 0, "image/png", 0, 0)
        + encode("clipboard", 3, "text/plain")
        + encode("blob", 1, "UElD")
        + encode("blob", 3, "U0VDUkVU")
        + encode("end", 3)
        + encode("end", 1)
    )

    assert received(OBSERVER, mixed) == PICTURE


def test_it_is_cut_out_across_reads() -> None:
    whole = CLIPBOARD + PICTURE

    assert received(OBSERVER, *whole) == PICTURE


def test_who_comes_in_the_middle_of_a_clipboard_does_not_get_its_rest() -> None:
    reader = InstructionReader()
    reader.feed(encode("clipboard", 3, "text/plain").encode())
    late = DownstreamFilter(Permissions(clipboard_out=True))

    rest = reader.feed((encode("blob", 3, "U0VDUkVU") + encode("end", 3)).encode())

    assert late.apply(rest) == ""


def test_a_permission_taken_away_counts_from_the_next_clipboard() -> None:
    reader = InstructionReader()
    downstream = DownstreamFilter(Permissions(clipboard_out=True))
    assert downstream.apply(reader.feed(CLIPBOARD.encode())) == CLIPBOARD

    downstream.permit(OBSERVER)

    assert downstream.apply(reader.feed(CLIPBOARD.encode())) == ""


@pytest.mark.parametrize(
    "opcode",
    [name for name, rule in DOWNSTREAM.items() if rule.verdict is not Pass.FORWARD],
)
def test_what_is_for_the_actor_or_for_nobody_is_cut(opcode: str) -> None:
    everything = Permissions(
        control=True,
        clipboard_in=True,
        clipboard_out=True,
        files_in=True,
        files_out=True,
    )

    assert received(everything, encode(opcode, "5", "6") + FRAME) == FRAME


@pytest.mark.parametrize("opcode", ["unheard", "", "4.sync"])
def test_an_unknown_opcode_is_cut(opcode: str) -> None:
    assert received(OBSERVER, FRAME + encode(opcode, 1)) == FRAME


@settings(deadline=None)
@given(cut_streams())
def test_an_observer_receives_drawing_and_frames_only(
    cut: tuple[str, list[bytes]],
) -> None:
    reader = InstructionReader()
    downstream = DownstreamFilter()
    text = "".join(downstream.apply(reader.feed(piece)) for piece in cut[1])

    for one in decode_all(text):
        rule = DOWNSTREAM[one.opcode]
        assert rule.verdict is Pass.FORWARD
        assert not rule.needs


def test_nothing_to_cut_costs_no_copy() -> None:
    reader = InstructionReader()
    batch = reader.feed((PICTURE + FRAME).encode())

    assert DownstreamFilter().apply(batch) is batch.text


@settings(deadline=None)
@given(cut_streams())
def test_frames_end_where_they_did_in_what_is_left(
    cut: tuple[str, list[bytes]],
) -> None:
    reader = InstructionReader()
    downstream = DownstreamFilter()
    for piece in cut[1]:
        batch = reader.feed(piece)
        text, syncs = downstream.pass_on(batch)

        assert [at for _end, at in syncs] == [at for _end, at in batch.syncs]
        for end, timestamp in syncs:
            last = decode_all(text[:end])[-1]
            assert (last.opcode, int(last.args[0])) == ("sync", timestamp)
