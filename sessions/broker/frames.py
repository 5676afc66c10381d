"""Cutting batches at frames: where each `sync` ends, and what comes after a given one."""

from __future__ import annotations

from sessions.guacamole.reader import Batch, Mark, Sync
from sessions.guacamole.streamfilter import DownstreamFilter

__all__ = ["Sync", "after", "filtered", "part", "syncs_of"]


def syncs_of(batch: Batch) -> list[Sync]:
    """The frames that end in a batch, in order."""
    return batch.syncs


def part(batch: Batch, start: int, end: int) -> Batch:
    """The instructions between two positions that are instruction boundaries."""
    if start <= 0 and end >= len(batch.text):
        return batch
    return Batch(
        batch.text[start:end],
        [(at - start, timestamp) for at, timestamp in batch.syncs if start < at <= end],
        [
            Mark(mark.opcode, mark.start - start, mark.end - start)
            for mark in batch.marks
            if mark.start >= start and mark.end <= end
        ],
    )


def after(batch: Batch, position: int) -> Batch:
    return part(batch, position, len(batch.text))


def filtered(
    stream_filter: DownstreamFilter, batch: Batch, syncs: list[Sync]
) -> tuple[str, list[Sync]]:
    """A batch through a filter, with its `sync` positions in the text that is left."""
    if not batch.marks:
        # Nothing but frames in it: nothing to cut, and nothing for the filter to remember.
        return batch.text, syncs
    return stream_filter.pass_on(batch)
