"""The incremental reader of the relay's hot path.

Bytes from guacd go in as they come; out come whole instructions as one piece of
text, and marks only where somebody must decide: a frame's end, an error, a stream
that not everybody may have. Drawing makes no Python object per instruction.

How it is fast and still exact: lengths decide, never separators. A regular
expression spells out "length n, then exactly n code points" for every n below a
hundred, and for every length a blob of guacd can have, so that one call of the (C)
matching engine walks over a whole frame; what it cannot spell (longer elements,
opcodes that matter, the cut at the end) goes through a loop that reads lengths.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

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
"""Characters in a blob that guacd filled: 6,048 bytes in base64, which comes in fours."""

SHORT = 100
"""Elements of fewer code points than this are matched without a loop."""

NUMBER = 20
"""What guacd draws with are numbers, indices and image types: shorter than this."""

DRAWING_ARGUMENTS = {
    "img": 6,
    "end": 1,
    "rect": 5,
    "cfill": 6,
    "copy": 9,
    "size": 3,
    "move": 5,
    "shade": 2,
    "cursor": 7,
    "mouse": 4,
    "transfer": 9,
    "dispose": 1,
}
"""What guacd draws with, all the time, and how many arguments it gives.

The rest, and these with another number of arguments, take the slower way.
"""

MANY = "*+" if sys.version_info >= (3, 11, 5) else "*"
"""As many as there are, and no way back, which the engine would have to remember for each
of them. Python before 3.11.5 matches possessive repeats wrongly (it keeps the position of
an iteration that failed half way), and remembers."""

MAX_WATCHED_STREAMS = 64
"""guacd has 64 streams per user and as many per connection."""


class Mark(NamedTuple):
    """An instruction in a batch that somebody must decide on.

    `start` and `end` are positions in the batch's text; `end` is exclusive.
    """

    opcode: str
    start: int
    end: int


Sync = tuple[int, int]
"""A frame's end: the position behind its `sync`, and guacd's timestamp in ms."""


class Batch(NamedTuple):
    """Whole instructions, in order; falsy when there are none.

    `syncs` are the frames that end in it. `marks` names every other instruction that is
    not plain drawing, and the `blob` and `end` of streams that are not pictures.
    """

    text: str
    syncs: list[Sync]
    marks: list[Mark]

    def __bool__(self) -> bool:
        return bool(self.text)

    def instruction(self, mark: Mark) -> Instruction:
        """The marked instruction, decoded."""
        return decode(self.text[mark.start : mark.end])


NOTHING = Batch("", [], [])


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
        syncs: list[Sync] = []
        marks: list[Mark] = []
        end = self._scan(text, syncs, marks)
        if end == len(text):
            self._pending = []
            self._pending_length = 0
            return Batch(text, syncs, marks)
        self._pending = [text[end:]]
        self._pending_length = len(text) - end
        return Batch(text[:end], syncs, marks) if end else NOTHING

    def _decode(self, data: bytes) -> str:
        if self._undecoded:
            data = self._undecoded + data
            self._undecoded = b""
        # Most of what guacd sends is ASCII, which this finds out fastest.
        text = data.decode("latin-1")
        if text.isascii():
            return text
        try:
            text, used = codecs.utf_8_decode(data, "strict", False)
        except UnicodeDecodeError:
            raise ProtocolError("not UTF-8") from None
        self._undecoded = data[used:]
        return text

    def _scan(self, text: str, syncs: list[Sync], marks: list[Mark]) -> int:
        """Where the last whole instruction of `text` ends; notes what is before it."""
        length = len(text)
        position = 0
        if self._resume_elements:
            position = self._slowly(text, 0, syncs, marks)
            if position < 0:
                return 0
        while True:
            patterns = self._watching if self._watched else self._plain
            frame = patterns.frame(text, position)
            position = frame.end()
            if frame.lastindex:
                syncs.append((position, int(frame[1])))
            if position == length:
                return position
            if frame.lastindex:
                continue
            short = patterns.short(text, position)
            if short is not None:
                end = short.end()
                self._note(_opcode(short[1]), text, position, end, syncs, marks)
            else:
                end = self._slowly(text, position, syncs, marks)
                if end < 0:
                    return position
            position = end

    def _slowly(
        self, text: str, start: int, syncs: list[Sync], marks: list[Mark]
    ) -> int:
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
            self._note(opcode, text, start, position, syncs, marks)
        return position

    def _note(
        self,
        opcode: str,
        text: str,
        start: int,
        end: int,
        syncs: list[Sync],
        marks: list[Mark],
    ) -> None:
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
        elif opcode == "sync":
            time = _digits(text, start, end, 0, "frame without a time")
            syncs.append((end, int(time)))
            return
        marks.append(Mark(opcode, start, end))


def _stream_index(text: str, start: int, end: int, argument: int) -> str:
    """The stream index that the whole instruction at `start` names."""
    return _digits(text, start, end, argument, "stream index is not a number")


def _digits(text: str, start: int, end: int, argument: int, otherwise: str) -> str:
    """An argument of the whole instruction at `start` that must be a number."""
    arguments = decode(text[start:end]).args
    number = arguments[argument] if argument < len(arguments) else ""
    if not (number.isascii() and number.isdigit() and len(number) < NUMBER):
        raise ProtocolError(otherwise)
    return number


def _opcode(element: str) -> str:
    """The opcode of its element: `sync` of `4.sync`."""
    return element[element.index(".") + 1 :]


class _Patterns(NamedTuple):
    """The compiled expressions of the fast path.

    `frame` matches as many plain instructions as there are, perhaps none, and the
    `sync` after them, whose timestamp is its group 1; `short` matches one whole instruction of
    short elements, whatever its opcode, which is in its group 1.
    """

    frame: Callable[[str, int], re.Match[str]]
    short: Callable[[str, int], re.Match[str] | None]


@lru_cache(maxsize=16)
def _patterns(limits: Limits, *, watching: bool) -> _Patterns:
    """For the given bounds; `watching` leaves out what streams are made of."""
    element = _one_of(_elements(range(min(SHORT, limits.element + 1))))
    number = _one_of(_elements(range(min(NUMBER, limits.element + 1))))
    shapes = {
        f"{len(opcode)}.{opcode}": f",{number}" * count + ";"
        for opcode, count in DRAWING_ARGUMENTS.items()
        if count < limits.elements
    }
    if watching:
        del shapes["3.img"], shapes["3.end"]
    else:
        lengths = [*range(SHORT), *range(SHORT, FULL_BLOB + 1, 4)]
        blob = _one_of(
            _elements(length for length in lengths if length <= limits.element)
        )
        shapes["4.blob"] = f",{number},{blob};"
    # The timestamp is matched twice: for its length, and as a group without it.
    time = _one_of({f"{digits}.": f"[0-9]{{{digits}}}" for digits in range(1, NUMBER)})
    sync = rf"(?:4\.sync,(?={time}[,;])[0-9]+\.([0-9]+)(?:,{number}){{0,3}};)?"
    frame = re.compile(f"(?:{_one_of(shapes)}){MANY}{sync}", re.S)
    short = re.compile(rf"({element})(?:,{element}){{0,{limits.elements - 1}}};", re.S)
    return _Patterns(frame.match, short.match)  # type: ignore[arg-type]


def _elements(lengths: Iterable[int]) -> dict[str, str]:
    """For each length: its digits and the dot, and the pattern of the value after it."""
    return {f"{length}.": f".{{{length}}}" if length else "" for length in lengths}


def _one_of(choices: dict[str, str]) -> str:
    """A pattern for any of `choices`: literal beginnings, none the beginning of another,
    and the pattern that follows each. The engine decides it letter by letter."""
    branches: dict[str, dict[str, str]] = {}
    for literal, pattern in choices.items():
        branches.setdefault(literal[0], {})[literal[1:]] = pattern
    spelt = [
        re.escape(letter) + (below[""] if "" in below else _one_of(below))
        for letter, below in branches.items()
    ]
    return spelt[0] if len(spelt) == 1 else f"(?:{'|'.join(spelt)})"
