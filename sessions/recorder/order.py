"""What a writer must know before it can write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sessions.recorder.container import INPUT, NO_CHAIN, SCREEN, Header
from sessions.recorder.ledger import Ledger, NoLedger
from sessions.recorder.segment import SegmentWriter


@dataclass(frozen=True)
class TrackEnd:
    """Where a track stands: what its next segment must know of the one before."""

    number: int = 0
    chain: str = NO_CHAIN
    ends_ms: int = 0


@dataclass(frozen=True)
class Interruption:
    """A recording that another writer began: when its first picture was, by the time of
    day as it is set now (UTC), and why that writer stopped."""

    began_at: datetime
    reason: str


def key_is_there() -> None:
    """For tests and measurements with a key of their own."""


@dataclass(frozen=True)
class RecordingOrder:
    """`services.recording.open_recording` makes one.

    folder: of this recording, relative to `root`. segment_seconds, segment_bytes: when a
    segment wants to be followed by the next (plain bytes). check_key raises
    `RecordingFailed` when what is recorded now could not be opened later. ends and
    interruption: where a recording goes on that another writer began.
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
    check_key: Callable[[], None] = field(default=key_is_there, repr=False)
    ends: dict[str, TrackEnd] = field(
        default_factory=lambda: {SCREEN: TrackEnd(), INPUT: TrackEnd()}
    )
    interruption: Interruption | None = None

    def new_segment(self, header: Header) -> SegmentWriter:
        """The file of a new segment. Raises `RecordingFailed`."""
        name = segment_name(self.folder, header.track, header.number)
        return SegmentWriter(self.root, name, header, self.data_key)


def segment_name(folder: str, track: str, number: int) -> str:
    """Where a segment is stored: `2026/SES-2026-0007/screen-00001.seg`."""
    return f"{folder}/{track}-{number:05d}.seg"
