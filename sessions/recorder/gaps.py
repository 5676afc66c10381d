"""The gaps that a journal states: from when to when, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sessions.recorder.container import SCREEN
from sessions.recorder.errors import NotIntact
from sessions.recorder.reader import SegmentReader
from sessions.recorder.records import Line, decode_lines

HARMLESS = frozenset({"handed_over"})
"""Reasons that were planned: nothing failed, and no input went meanwhile."""


class StatedGap(NamedTuple):
    """Milliseconds since the first picture; `reason` as in `errors`, or a broker's."""

    track: str
    from_ms: int
    to_ms: int
    reason: str


def stated_gaps(root: Path, names: Iterable[str], data_key: bytes) -> list[StatedGap]:
    """Read the marks of the input segments; what is not whole of one is left out."""
    return [
        StatedGap(
            track=line.payload.get("track", SCREEN),
            from_ms=line.payload.get("from_ms", line.ms),
            to_ms=line.payload.get("from_ms", line.ms) + line.payload.get("ms", 0),
            reason=str(line.payload.get("reason", "")),
        )
        for name in names
        for line in _lines(root / name, data_key)
        if line.kind == "gap" and isinstance(line.payload, dict)
    ]


def _lines(path: Path, data_key: bytes) -> Iterator[Line]:
    try:
        with path.open("rb") as file:
            for _head, plain in SegmentReader(file, data_key).plain_blocks():
                yield from decode_lines(plain)
    except (NotIntact, OSError):
        return  # verification says so
