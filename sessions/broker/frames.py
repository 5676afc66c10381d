"""Cutting batches at frames: where each `sync` ends, and what comes after a given one."""

from __future__ import annotations

from sessions.guacamole.reader import Batch, Mark
from sessions.guacamole.streamfilter import DownstreamFilter

Sync = tuple[int, int]
"""(position behind the `sync` in the text, guacd's timestamp in ms)."""


def syncs_of(batch: Batch) -> list[Sync]:
    """The frames that end in a batch, in order."""
    return [
        (mark.end, timestamp_of(batch, mark))
        for mark in batch.marks
        if mark.opcode == "sync"
    ]


def timestamp_of(batch: Batch, mark: Mark) -> int:
    """The timestamp of a `sync`; -1 where guacd sent none that is a number."""
    args = batch.instruction(mark).args
    return int(args[0]) if args and args[0].isascii() and args[0].isdigit() else -1


def part(batch: Batch, start: int, end: int) -> Batch:
    """The instructions between two positions that are instruction boundaries."""
    if start <= 0 and end >= len(batch.text):
        return batch
    marks = tuple(
        Mark(mark.opcode, mark.start - start, mark.end - start)
        for mark in batch.marks
        if mark.start >= start and mark.end <= end
    )
    return Batch(batch.text[start:end], marks)


def after(batch: Batch, position: int) -> Batch:
    return part(batch, position, len(batch.text))


def filtered(
    stream_filter: DownstreamFilter, batch: Batch, syncs: list[Sync]
) -> tuple[str, list[Sync]]:
    """A batch through a filter, with its `sync` positions in the text that is left."""
    if len(batch.marks) == len(syncs):
        # Nothing but frames in it: nothing to cut, and nothing for the filter to remember.
        return batch.text, syncs
    pieces: list[str] = []
    moved: list[Sync] = []
    length = 0
    start = 0
    for end, timestamp in syncs:
        pieces.append(stream_filter.apply(part(batch, start, end)))
        length += len(pieces[-1])
        moved.append((length, timestamp))
        start = end
    if start < len(batch.text):
        pieces.append(stream_filter.apply(after(batch, start)))
    return "".join(pieces), moved
