"""Finds out what a crash left: every whole block is kept, the torn rest is measured."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from sessions.guacamole.errors import ProtocolError
from sessions.guacamole.reader import InstructionReader
from sessions.recorder.container import INPUT, SCREEN, chain_hash
from sessions.recorder.errors import NotIntact, RecordingFailed, Torn
from sessions.recorder.order import RecordingOrder
from sessions.recorder.packing import Unpacker
from sessions.recorder.reader import SegmentReader
from sessions.recorder.segment import SegmentFacts, SegmentWriter, decode_trailer


def scan_segment(root: Path, name: str, data_key: bytes) -> SegmentFacts:
    """The facts of a segment file, from the file alone; also of one without its end.

    A block that does not authenticate ends what is kept, like a torn one (after a loss
    of power a file system may leave zeros). Raises `Torn` when not even the header is
    whole, `NotIntact` when the file is no segment.
    """
    path = root / name
    size = path.stat().st_size
    with path.open("rb") as file:
        reader = SegmentReader(file, data_key)
        header = reader.header
        syncs = SyncFinder() if header.track == SCREEN else None
        unpacker = Unpacker()
        adler32, plain_bytes, blocks, last_ms = 1, 0, 0, header.starts_ms
        plain_digest = hashlib.sha256()
        activity: list[tuple[int, int]] = []
        try:
            for block in reader.blocks():
                plain = unpacker.unpack(block.packed, block.head.plain_bytes)
                plain_digest.update(plain)
                adler32 = zlib.adler32(plain, adler32)
                plain_bytes += len(plain)
                blocks += 1
                last_ms = block.head.at_ms
                activity.append((last_ms, len(plain)))
                if syncs is not None:
                    syncs.feed(plain)
        except (Torn, NotIntact):
            closed = False
        else:
            closed = True
        trailer: dict[str, Any] = (
            decode_trailer(reader.trailer) if reader.trailer else {}
        )
        last_sync = trailer.get("last_sync", syncs.last if syncs else None)
        return SegmentFacts(
            track=header.track,
            number=header.number,
            name=name,
            started_at=header.started_at,
            starts_ms=header.starts_ms,
            first_sync=header.first_sync,
            previous=header.previous,
            ends_ms=trailer.get("ends_ms", max(last_ms, header.starts_ms)),
            last_sync=last_sync,
            blocks=blocks,
            plain_bytes=plain_bytes,
            stored_bytes=reader.kept_bytes,
            torn_bytes=size - reader.kept_bytes,
            plain_sha256=plain_digest.hexdigest(),
            stored_sha256=reader.stored_sha256,
            chain=chain_hash(header.previous, reader.stored_sha256),
            adler32=adler32,
            closed=closed,
            activity=tuple(activity),
        )


def leave_segment(segment: SegmentWriter, order: RecordingOrder) -> SegmentFacts:
    """The end of a segment whose writing failed: with its trailer where it can have one,
    else as it stands in the file, else (the file is gone) as it was written."""
    if not segment.torn:
        try:
            return segment.close(ends_ms=segment.last_ms, last_sync=segment.last_sync)
        except RecordingFailed:
            pass
    segment.abandon()
    try:
        return scan_segment(order.root, segment.name, order.data_key)
    except (NotIntact, OSError):
        return replace(segment.facts, ends_ms=segment.last_ms, chain=segment.chain)


class SyncFinder:
    """The first and last `sync` of a plain stream, by its lengths, not by a search."""

    def __init__(self) -> None:
        self._reader = InstructionReader()
        self._broken = False
        self.first: int | None = None
        self.last: int | None = None

    def feed(self, plain: bytes) -> None:
        if self._broken:
            return
        try:
            batch = self._reader.feed(plain)
        except ProtocolError:
            self._broken = True
            return
        for _end, timestamp in batch.syncs:
            self.first = timestamp if self.first is None else self.first
            self.last = timestamp


def segment_names(root: Path, folder: str) -> list[str]:
    """The segment files of a recording, by track and number."""
    directory = root / folder
    if not directory.is_dir():
        return []
    return sorted(
        f"{folder}/{path.name}"
        for path in directory.iterdir()
        if path.suffix == ".seg" and path.stem.split("-")[0] in (SCREEN, INPUT)
    )
