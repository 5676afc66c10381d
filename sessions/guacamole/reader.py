"""The incremental reader of the relay's hot path.

Bytes from guacd go in as they come; out come whole instructions as one piece of
text, and marks only where somebody must decide: a frame's end, an error, a stream
that not everybody may have. Drawing makes no Python object per instruction.

How it is fast and still exact: lengths decide, never separators. A regular
expression spells out "length n, then exactly n code points" for every n below a
hundred and for guacd's full blob, so that one call of the (C) matching engine walks
over thousands of drawing instructions; what it cannot spell (longer elements,
opcodes that matter, the cut at the end) goes through a loop that reads lengths.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from sessions.guacamole.errors import ProtocolError
from sessions.guacamole.instruction import (
    DOWNSTREAM_LIMITS,
    Instruction,
    Limits,
    decode,
    element_at,
)
from sessions.guacamole.opcodes import (
    DOWNSTREAM_STREAMS,
    DRAWING,
    stream_index_argument,
)

FULL_BLOB = 8064
"""Characters in a blob that guacd filled: 6,048 bytes in base64."""

SHORT = 100
"""Elements of fewer code points than this are matched without a loop."""

MAX_WATCHED_STREAMS = 64
"""guacd has 64 streams per user and as many per connection."""


class Mark(NamedTuple):
    """An instruction in a batch that somebody must decide on.

    `start` and `end` are positions in the batch's text; `end` is exclusive.
    """

    opcode: str
    start: int
    end: int


class Batch(NamedTuple):
    """Whole instructions, in order; falsy when there are none.

    `marks` names, in order, every instruction that is not plain drawing, and the
    `blob` and `end` of streams that are not pictures.
    """

    text: str
    marks: tuple[Mark, ...]

    def __bool__(self) -> bool:
        return bool(self.text)

    def instruction(self, mark: Mark) -> Instruction:
        """The marked instruction, decoded."""
        return decode(self.text[mark.start : mark.end])


NOTHING = Batch("", ())


class InstructionReader:
    """Turns guacd's bytes into batches of whole instructions.

    `feed` takes time linear in what it was fed, whatever the cuts; a bound is
    checked when a length is read, before its value has arrived. After a
    `ProtocolError` the reader is of no more use: the stream has no known boundary.
    """

    def __init__(self, limits: Limits = DOWNSTREAM_LIMITS) -> None:
        if limits.instruction < limits.elements * (SHORT + 3) + FULL_BLOB:
            # The fast path counts elements and not the length of an instruction.
            raise ValueError("short elements alone could exceed the instruction")
        self._limits = limits
        self._plain = _patterns(limits, watching=False)
        self._watching = _patterns(limits, watching=True)
        self._undecoded = b""
        self._pending: list[str] = []
        self._pending_length = 0
        self._needed = 0
        self._resume_at = 0
        self._resume_elements = 0
        self._watched: set[str] = set()

    @property
    def pending(self) -> int:
        """Code points held back because their instruction is not whole yet."""
        return self._pending_length

    def feed(self, data: bytes) -> Batch:
        """What became whole by `data`. Raises `ProtocolError`."""
        text = self._decode(data)
        if self._pending:
            self._pending.append(text)
            self._pending_length += len(text)
            if self._pending_length < self._needed:
                return NOTHING
            text = "".join(self._pending)
        end, marks = self._scan(text)
        if end == len(text):
            self._pending = []
            self._pending_length = 0
            return Batch(text, marks)
        self._pending = [text[end:]]
        self._pending_length = len(text) - end
        return Batch(text[:end], marks) if end else NOTHING

    def _decode(self, data: bytes) -> str:
        if self._undecoded:
            data = self._undecoded + data
        try:
            text, used = codecs.utf_8_decode(data, "strict", False)
        except UnicodeDecodeError:
            raise ProtocolError("not UTF-8") from None
        self._undecoded = data[used:] if used < len(data) else b""
        return text

    def _scan(self, text: str) -> tuple[int, tuple[Mark, ...]]:
        """Where the last whole instruction of `text` ends, and the marks before."""
        marks: list[Mark] = []
        length = len(text)
        position = 0
        if self._resume_elements:
            position = self._slowly(text, 0, marks)
            if position < 0:
                return 0, ()
        while True:
            patterns = self._watching if self._watched else self._plain
            end = patterns.drawing(text, position).end()
            if end == length:
                return end, tuple(marks)
            position = end
            match = patterns.short(text, position)
            if match is not None:
                end = match.end()
                self._mark(_opcode(match[1]), text, position, end, marks)
                position = end
                continue
            end = self._slowly(text, position, marks)
            if end < 0:
                return position, tuple(marks)
            position = end

    def _slowly(self, text: str, start: int, marks: list[Mark]) -> int:
        """The end of the instruction at `start`, or -1 when it is not whole.

        When it is not, remembers how far it got, relative to `start`.
        """
        limits = self._limits
        length = len(text)
        position = start + self._resume_at
        elements = self._resume_elements
        while True:
            _, end = element_at(text, position, limits)
            if end - start > limits.instruction:
                raise ProtocolError("instruction too long")
            if end >= length:
                self._resume_at = position - start
                self._resume_elements = elements
                self._needed = end + 1 - start
                return -1
            elements += 1
            if elements > limits.elements:
                raise ProtocolError("too many elements")
            terminator = text[end]
            position = end + 1
            if terminator == ";":
                break
            if terminator != ",":
                raise ProtocolError("element does not end where its length says")
        self._resume_at = 0
        self._resume_elements = 0
        self._needed = 0
        begin, end = element_at(text, start, limits)
        opcode = text[begin:end]
        if opcode not in DRAWING or self._watched:
            self._mark(opcode, text, start, position, marks)
        return position

    def _mark(self, opcode: str, text: str, start: int, end: int, marks: list[Mark]) -> None:
        """Note what matters, and keep account of the streams that do."""
        if opcode in DRAWING:
            if opcode == "img":
                # The index is in use for a picture again; guacd forgot an `end`.
                self._watched.discard(_stream_index(text, start, end, 0))
                return
            if opcode not in ("blob", "end"):
                return
            index = _stream_index(text, start, end, 0)
            if index not in self._watched:
                return
            if opcode == "end":
                self._watched.discard(index)
        elif opcode in DOWNSTREAM_STREAMS:
            argument = stream_index_argument(opcode)
            self._watched.add(_stream_index(text, start, end, argument))
            if len(self._watched) > MAX_WATCHED_STREAMS:
                raise ProtocolError("too many open streams")
        marks.append(Mark(opcode, start, end))


def _stream_index(text: str, start: int, end: int, argument: int) -> str:
    """The stream index that the whole instruction at `start` names."""
    arguments = decode(text[start:end]).args
    index = arguments[argument] if argument < len(arguments) else ""
    if not (index.isascii() and index.isdigit() and len(index) <= 10):
        raise ProtocolError("stream index is not a number")
    return index


def _opcode(element: str) -> str:
    """The opcode of its element: `sync` of `4.sync`."""
    return element[element.index(".") + 1 :]


class _Patterns(NamedTuple):
    """The compiled expressions of the fast path.

    `drawing` matches as many plain instructions as there are, perhaps none;
    `short` matches one whole instruction of short elements, whatever its opcode.
    """

    drawing: Callable[[str, int], re.Match[str]]
    short: Callable[[str, int], re.Match[str] | None]


@lru_cache(maxsize=16)
def _patterns(limits: Limits, *, watching: bool) -> _Patterns:
    """For the given bounds; `watching` leaves out what streams are made of."""
    plain = set(DRAWING) - ({"img", "blob", "end"} if watching else set())
    opcodes = "|".join(re.escape(f"{len(name)}.{name}") for name in sorted(plain))
    element = _element_pattern(min(SHORT, limits.element + 1))
    more = rf"(?:,{element}){{0,{limits.elements - 1}}}"
    blob = rf"4\.blob,{element},{FULL_BLOB}\..{{{FULL_BLOB}}};"
    full_blobs = "" if watching or limits.element < FULL_BLOB else f"|{blob}"
    # Plain greedy repeats: Python before 3.11.5 matches possessive ones wrongly
    # (it keeps the position of an iteration that failed half way).
    drawing = re.compile(f"(?:(?:{opcodes}){more};{full_blobs})*", re.S)
    short = re.compile(f"({element}){more};", re.S)
    return _Patterns(drawing.match, short.match)  # type: ignore[arg-type]


def _element_pattern(lengths: int) -> str:
    """An element of fewer than `lengths` code points, spelt out by length."""
    tree: dict[str, Any] = {}
    for length in range(lengths):
        node = tree
        for digit in str(length):
            node = node.setdefault(digit, {})
        node["."] = length
    return _alternatives(tree)


def _alternatives(node: dict[str, Any]) -> str:
    branches = [
        rf"\..{{{below}}}" if digit == "." else digit + _alternatives(below)
        for digit, below in node.items()
    ]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
