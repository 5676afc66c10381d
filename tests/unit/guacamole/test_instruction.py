"""Instructions are read by their lengths, strictly."""

from __future__ import annotations

import pytest
from guacamole.instruction import GuacamoleInstruction
from hypothesis import given
from hypothesis import strategies as st

from sessions.guacamole.errors import ProtocolError
from sessions.guacamole.instruction import (
    Instruction,
    Limits,
    decode,
    decode_all,
    encode,
)

text_values = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def test_lengths_count_code_points_not_bytes() -> None:
    assert encode("name", "Füller 🏭") == "4.name,8.Füller 🏭;"


def test_numbers_become_text() -> None:
    assert encode("size", 1024, 768) == "4.size,4.1024,3.768;"


def test_separators_inside_a_value_are_part_of_it() -> None:
    assert decode("3.log,5.a;b;c;") == Instruction("log", ("a;b;c",))


@given(text_values, st.lists(text_values, max_size=5))
def test_what_is_encoded_is_decoded(opcode: str, args: list[str]) -> None:
    assert decode(encode(opcode, *args)) == Instruction(opcode, tuple(args))


@given(text_values, st.lists(text_values, max_size=5))
def test_pyguacamole_encodes_the_same(opcode: str, args: list[str]) -> None:
    assert encode(opcode, *args) == GuacamoleInstruction(opcode, *args).encode()


def test_several_instructions_of_one_message() -> None:
    message = encode("key", 65, 1) + encode("key", 65, 0)

    assert [args for _, args in decode_all(message)] == [("65", "1"), ("65", "0")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cut off"),
        ("4.sync", "cut off"),
        ("4.syn", "cut off"),
        ("4", "cut off"),
        ("4.sync,", "cut off"),
        ("4.sync;5.", "after"),
        ("04.sync;", "length"),
        ("+4.sync;", "length"),
        ("-1.sync;", "length"),
        ("٤.sync;", "length"),
        ("sync;", "length"),
        (" 4.sync;", "length"),
        ("3.sync;", "does not end"),
        ("4.sync.", "does not end"),
        ("9999999999.x;", "length"),
        ("999999999.x;", "too long"),
        (";", "length"),
    ],
)
def test_malformed_text_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        decode(text)
    assert reason in refused.value.reason


def test_bounds_hold() -> None:
    limits = Limits(element=5, instruction=20, elements=4)

    decode("5.aaaaa,1.b,1.c;", limits)
    for text in ("6.aaaaaa;", "1.a,1.b,1.c,1.d,1.e;", "5.aaaaa,5.aaaaa,5.aaaaa;"):
        with pytest.raises(ProtocolError):
            decode(text, limits)


@given(st.text(alphabet="0123456789.,;syncé", max_size=30))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    try:
        instructions = decode_all(text)
    except ProtocolError:
        return
    assert "".join(one.encode() for one in instructions) == text
