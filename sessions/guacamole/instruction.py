"""The Guacamole instruction: `LENGTH.VALUE,LENGTH.VALUE,...;`.

LENGTH counts Unicode code points, and a value may contain `;`, `,` and `.`, so
boundaries are found by reading lengths, never by searching for a separator.
pyguacamole's encoder agrees with this one (a test holds it); its decoder cuts at
the first `;` and recurses per element, which is why decoding is our own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from sessions.guacamole.errors import CutOff, ProtocolError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is read. Lengths are in code points.

    guacd's own blobs hold 8,064 characters and its parser refuses an instruction
    longer than 32,768; the roomy defaults are for newer versions and other tools.
    """

    element: int = 8 * 1024 * 1024
    instruction: int = 8 * 1024 * 1024 + 4096
    elements: int = 1024
    """Opcode included."""


DOWNSTREAM_LIMITS = Limits()
"""For what guacd sends."""

UPSTREAM_LIMITS = Limits(element=16 * 1024, instruction=32 * 1024, elements=32)
"""For what a participant's browser sends: one blob of a clipboard at most."""

_LENGTH = re.compile(r"(0|[1-9][0-9]{0,8})\.")
_LENGTH_BEGUN = re.compile(r"(?:|0|[1-9][0-9]{0,8})\Z")


class Instruction(NamedTuple):
    """One instruction; every argument is text, as on the wire."""

    opcode: str
    args: tuple[str, ...] = ()

    def encode(self) -> str:
        """The instruction as it goes over the wire."""
        return encode(self.opcode, *self.args)


def encode(opcode: str, *args: str | int) -> str:
    """One instruction as text: `encode("size", 1024, 768)` is
    `4.size,4.1024,3.768;`.
    """
    encoded = f"{len(opcode)}.{opcode}"
    for arg in args:
        value = str(arg)
        encoded += f",{len(value)}.{value}"
    return encoded + ";"


def decode(text: str, limits: Limits = DOWNSTREAM_LIMITS) -> Instruction:
    """The one whole instruction that `text` is.

    Raises `ProtocolError` where it is malformed, cut off, or followed by more.
    """
    instruction, end = decode_at(text, 0, limits)
    if end != len(text):
        raise ProtocolError("text after the instruction")
    return instruction


def decode_all(text: str, limits: Limits = DOWNSTREAM_LIMITS) -> list[Instruction]:
    """All instructions of `text`, which must hold whole ones (a WebSocket message).

    Raises `ProtocolError`; then none of them may be used.
    """
    instructions = []
    position = 0
    while position < len(text):
        instruction, position = decode_at(text, position, limits)
        instructions.append(instruction)
    return instructions


def decode_at(
    text: str, position: int, limits: Limits = DOWNSTREAM_LIMITS
) -> tuple[Instruction, int]:
    """The instruction that begins at `position`, and where the next one begins.

    Raises `ProtocolError`; `CutOff` when the text ends before the instruction does.
    """
    elements: list[str] = []
    start = position
    while True:
        begin, end = element_at(text, position, limits)
        if end - start > limits.instruction:
            raise ProtocolError("instruction too long")
        if end >= len(text):
            raise CutOff("instruction cut off")
        elements.append(text[begin:end])
        if len(elements) > limits.elements:
            raise ProtocolError("too many elements")
        terminator = text[end]
        position = end + 1
        if terminator == ";":
            return Instruction(elements[0], tuple(elements[1:])), position
        if terminator != ",":
            raise ProtocolError("element does not end where its length says")


def element_at(text: str, position: int, limits: Limits) -> tuple[int, int]:
    """Where the value of the element beginning at `position` begins and ends.

    The end lies behind the end of `text` when more is to come. Text that cannot
    become an element raises `ProtocolError`.
    """
    match = _LENGTH.match(text, position)
    if match is None:
        if length_begun(text, position):
            return len(text) + 1, len(text) + 1
        raise ProtocolError("element does not begin with its length")
    length = int(match[1])
    if length > limits.element:
        raise ProtocolError("element too long")
    return match.end(), match.end() + length


def length_begun(text: str, position: int) -> bool:
    """Whether the rest of `text` may be the first digits of a length."""
    return _LENGTH_BEGUN.match(text, position) is not None
