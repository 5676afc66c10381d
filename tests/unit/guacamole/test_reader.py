"""The reader gives the same instructions whatever the network did to the bytes."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sessions.guacamole.errors import ProtocolError
from sessions.guacamole.instruction import Limits, decode, decode_all, decode_at, encode
from sessions.guacamole.opcodes import DRAWING
from sessions.guacamole.reader import InstructionReader
from tests.unit.guacamole.strategies import cut_streams, streams


def marked(text: str, pieces: list[bytes]) -> list[str]:
    """Feed the pieces; check that they make up `text`; return the marked ones."""
    reader = InstructionReader()
    seen = ""
    found = []
    for piece in pieces:
        batch = reader.feed(piece)
        begins = beginnings(batch.text)
        ends = [(mark.start, batch.text[mark.start : mark.end]) for mark in batch.marks]
        for end, timestamp in batch.syncs:
            start = begins[end]
            assert int(decode(batch.text[start:end]).args[0]) == timestamp
            ends.append((start, batch.text[start:end]))
        found += [one for _start, one in sorted(ends)]
        assert all(batch.instruction(m).opcode == m.opcode for m in batch.marks)
        seen += batch.text
    assert seen == text
    assert reader.pending == 0
    return found


def beginnings(text: str) -> dict[int, int]:
    """Where each instruction of `text` begins, by where it ends."""
    found = {}
    position = 0
    while position < len(text):
        begin = position
        _instruction, position = decode_at(text, begin)
        found[position] = begin
    return found


def expected_marks(text: str) -> list[str]:
    """The same by the plain rules, one instruction at a time."""
    expected = []
    watched = set()
    for one in decode_all(text):
        if one.opcode in ("clipboard", "file", "argv", "pipe", "audio", "video"):
            watched.add(one.args[0])
        elif one.opcode == "body":
            watched.add(one.args[1])
        elif one.opcode == "img":
            watched.discard(one.args[0])
        inside = one.opcode in ("blob", "end") and one.args[0] in watched
        if one.opcode not in DRAWING or inside:
            expected.append(one.encode())
        if one.opcode == "end":
            watched.discard(one.args[0])
    return expected


@settings(max_examples=300, deadline=None)
@example(("4.sync,1.7,1.8,7.4.sync;;", [b"4.sync,1.7,1.8,7.4.sync;;"]))
@given(cut_streams())
def test_any_cut_of_any_stream_gives_the_same(cut: tuple[str, list[bytes]]) -> None:
    text, pieces = cut

    assert marked(text, pieces) == expected_marks(text)


@settings(max_examples=30, deadline=None)
@given(streams)
def test_byte_by_byte_gives_the_same(text: str) -> None:
    pieces = [bytes([byte]) for byte in text.encode()]

    assert marked(text, pieces) == expected_marks(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6), streams)
def test_noise_is_refused_or_read_but_never_passed_in_part(
    noise: list[bytes], text: str
) -> None:
    reader = InstructionReader()
    for piece in [text.encode(), *noise]:
        try:
            batch = reader.feed(piece)
        except ProtocolError:
            return
        decode_all(batch.text)


@settings(max_examples=300, deadline=None)
@given(st.data(), cut_streams())
def test_a_damaged_stream_is_refused_or_read_but_never_passed_in_part(
    data: st.DataObject, cut: tuple[str, list[bytes]]
) -> None:
    """A valid stream with bytes changed, lost, doubled or put in, cut anywhere: what comes
    out is whole instructions, and what is refused is refused as the protocol's error."""
    damaged = bytearray(cut[0].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)))
        length = data.draw(st.integers(0, 12))
        put_in = data.draw(
            st.one_of(
                st.binary(max_size=6),
                st.sampled_from([b";", b",", b"9.", b"0.", b"999999999.", b"\xc3"]),
                st.just(bytes(damaged[at : at + length])),
            )
        )
        damaged[at : at + data.draw(st.sampled_from([0, length]))] = put_in
    reader = InstructionReader()
    step = data.draw(st.integers(1, 64))
    for start in range(0, len(damaged), step):
        try:
            batch = reader.feed(bytes(damaged[start : start + step]))
        except ProtocolError:
            return
        decode_all(batch.text)
        assert reader.pending <= len(damaged)


def test_drawing_makes_no_marks() -> None:
    frame = (
        encode("size", 0, 1280, 800)
        + encode("img", 1, 14, 0, "image/png", 10, 10)
        + encode("blob", 1, "A" * 8064)
        + encode("blob", 1, "A" * 500)
        + encode("end", 1)
    )

    batch = InstructionReader().feed(frame.encode())

    assert batch.text == frame
    assert batch.marks == []


def test_frames_are_told_with_their_time_and_end() -> None:
    first, second = encode("sync", 7), encode("sync", 123456789012, 3)

    batch = InstructionReader().feed((first + encode("nop") + second).encode())

    assert batch.syncs == [(len(first), 7), (len(batch.text), 123456789012)]
    assert batch.marks == []


def test_a_word_split_inside_a_character_waits_for_its_rest() -> None:
    data = encode("name", "Füller").encode()
    reader = InstructionReader()

    assert not reader.feed(data[:9])  # Between the two bytes of the u umlaut.
    assert reader.feed(data[9:]).text == "4.name,6.Füller;"


def test_a_separator_in_a_blob_does_not_end_it() -> None:
    text = encode("blob", 1, "4.sync,1.0;" * 20)

    assert marked(text, [text.encode()]) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"4.sync,1.0;HTTP/1.1 400", "length"),
        (b"3.end,1.0;AAAA==;3.end,1.1;", "length"),
        (b"4.blob,1.1,52428800.AAAA", "too long"),
        (b"4.blob,1.1,012.AAAA", "length"),
        (b"4.sync,2.123;", "does not end"),
        (b"9.clipboard,1.x,10.text/plain;", "stream index"),
        (b"9.clipboard;", "stream index"),
        (b"4.sync;", "without a time"),
        (b"4.sync,0.;", "without a time"),
        (b"4.sync,2.1x;", "without a time"),
        (b"4.rect" + b",1.0" * 1024 + b";", "too many elements"),
        (b"4.rect" + b",1.0" * 2000, "too many elements"),
    ],
)
def test_malformed_streams_are_refused_with_their_reason(
    data: bytes, reason: str
) -> None:
    with pytest.raises(ProtocolError) as refused:
        InstructionReader().feed(data)
    assert reason in refused.value.reason


def test_streams_that_are_opened_and_never_ended_are_bounded() -> None:
    reader = InstructionReader()
    with pytest.raises(ProtocolError, match="open streams"):
        for index in range(100):
            reader.feed(encode("clipboard", index, "text/plain").encode())


def test_a_huge_element_is_refused_before_it_arrives() -> None:
    reader = InstructionReader()
    reader.feed(b"4.blob,1.1,")
    with pytest.raises(ProtocolError, match="too long"):
        reader.feed(b"50000000.")


def test_time_is_linear_in_what_is_fed() -> None:
    """One 8 MiB element in small pieces costs no more per byte than in large ones."""

    def seconds(piece: int) -> float:
        data = encode("blob", 1, "A" * (8 * 1024 * 1024)).encode()
        reader = InstructionReader()
        begun = time.process_time()
        for start in range(0, len(data), piece):
            reader.feed(data[start : start + piece])
        assert reader.pending == 0
        return time.process_time() - begun

    # 8,192 pieces; were each rejoined with all before it, this took 30 GB of copying.
    assert seconds(1024) < 1.0


def test_a_bound_that_the_fast_path_could_exceed_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="short elements"):
        InstructionReader(Limits(element=10, instruction=100, elements=100))
