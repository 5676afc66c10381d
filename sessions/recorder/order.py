"""What a writer must know before it can write."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sessions.recorder.container import Header
from sessions.recorder.ledger import Ledger, NoLedger
from sessions.recorder.segment import SegmentWriter


@dataclass(frozen=True)
class RecordingOrder:
    """`services.recording.open_recording` makes one.

    folder: of this recording, relative to `root`. segment_seconds, segment_bytes: when a
    segment wants to be followed by the next (plain bytes).
    """

    recording_id: int
    recording: str
    root: Path
    folder: str
    data_key: bytes = field(repr=False)
    record_key_values: bool = False
    segment_seconds: float = 300.0
    segment_bytes: int = 8 * 1024 * 1024
    ledger: Ledger = field(default_factory=NoLedger, repr=False)

    def new_segment(self, header: Header) -> SegmentWriter:
        """The file of a new segment. Raises `RecordingFailed`."""
        name = segment_name(self.folder, header.track, header.number)
        return SegmentWriter(self.root, name, header, self.data_key)


def segment_name(folder: str, track: str, number: int) -> str:
    """Where a segment is stored: `2026/SES-2026-0007/screen-00001.seg`."""
    return f"{folder}/{track}-{number:05d}.seg"
