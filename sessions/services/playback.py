"""What a player needs: the map of a recording, and its segments as a browser takes them.

A segment is verified whole before its first byte goes out: signature of the manifest,
digest of the file, every block. Only then is it read again, block by block, and sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from accessportal import keys
from accessportal.accounts.models import User
from accessportal.errors import NotKnown
from accessportal.origin import Origin
from sessions.models import Recording
from sessions.recorder import places
from sessions.recorder.container import INPUT, SCREEN, TAG_BYTES
from sessions.recorder.errors import NotIntact
from sessions.recorder.manifest import signed_bytes
from sessions.recorder.packing import STREAM_BEGIN, Unpacker, stream_end
from sessions.recorder.timeline import activity_levels
from sessions.recorder.verification import Report, blocks_of
from sessions.services.recording import data_key_of
from sessions.services.recording_check import (
    RecordingNotIntact,
    input_lines,
    keep_timeline,
    keep_verdict,
    manifest_entries,
)

ACTIVITY_BUCKETS = 480
CHUNK_BYTES = 256 * 1024
MAX_INPUT_SPAN_MS = 15 * 60_000


@dataclass(frozen=True)
class SegmentStream:
    """A verified segment. `deflated` is a zlib stream of `deflated_bytes` bytes."""

    recording: Recording
    entry: dict[str, Any]
    deflated_bytes: int

    def deflated(self) -> Iterator[bytes]:
        """As it is stored, for `Content-Encoding: deflate`."""
        pieces, length = [STREAM_BEGIN], 0
        for packed in self._packed():
            pieces.append(packed)
            length += len(packed)
            if length >= CHUNK_BYTES:
                yield b"".join(pieces)
                pieces, length = [], 0
        yield b"".join([*pieces, stream_end(self.entry["adler32"])])

    def plain(self) -> Iterator[bytes]:
        """For a client that does not take deflate."""
        unpacker = Unpacker()
        for block in self._blocks():
            yield unpacker.unpack(block.packed, block.head.plain_bytes)

    def _packed(self) -> Iterator[bytes]:
        return (block.packed for block in self._blocks())

    def _blocks(self) -> Iterator[Any]:
        data_key = data_key_of(self.recording)
        return blocks_of(
            self.entry, self.recording.manifest["recording"], data_key, places.open_file
        )


def open_segment(
    recording: Recording, number: int, *, acting_user: User, origin: Origin
) -> SegmentStream:
    """The screen segment `number`, verified.

    Raises `NotKnown`, or `RecordingNotIntact` after having stored what was found.
    """
    report = Report()
    try:
        entry = _signed_entry(recording, number, report)
        data_key = data_key_of(recording)
        deflated_bytes = (
            len(STREAM_BEGIN)
            + len(stream_end(0))
            + sum(
                block.head.stored_bytes - TAG_BYTES
                for block in blocks_of(
                    entry, recording.manifest["recording"], data_key, places.open_file
                )
            )
        )
    except NotIntact as problem:
        report.add(problem.finding, problem.where)
    except (keys.WrongKey, keys.KeyMissing) as problem:
        report.add("key_wrong", str(problem))
    if not report.intact:
        keep_verdict(recording, report, acting_user=acting_user, origin=origin)
        raise RecordingNotIntact
    return SegmentStream(recording, entry, deflated_bytes)


def _signed_entry(recording: Recording, number: int, report: Report) -> dict[str, Any]:
    manifest = recording.manifest
    if not keys.signature_is_valid(
        signed_bytes(manifest), recording.manifest_signature, recording.signing_key_id
    ):
        raise NotIntact("signature_invalid")
    for entry in manifest_entries(recording, SCREEN):
        if entry["number"] == number:
            return entry
    raise NotKnown


def map_of(recording: Recording) -> dict[str, Any]:
    """The index a player starts with; times are milliseconds since the first picture.

    `segments` are [number, start, end, guacd's clock at the start]. `activity` divides
    the recording into equal parts and says how many bytes of picture each brought.
    """
    if not recording.timeline:
        keep_timeline(recording)
    blocks = recording.segments.filter(track=SCREEN).values_list("activity", flat=True)
    return {
        "number": recording.brokered_session.number,
        "duration": recording.duration_ms,
        "began_at": recording.manifest.get("began_at"),
        "complete": recording.state == Recording.State.SEALED,
        "segments": [
            [entry["number"], entry["starts_ms"], entry["ends_ms"], entry["first_sync"]]
            for entry in manifest_entries(recording, SCREEN)
        ],
        "gaps": [[gap["from_ms"], gap["to_ms"]] for gap in recording.gaps],
        "timeline": recording.timeline,
        "activity": activity_levels(blocks, recording.duration_ms, ACTIVITY_BUCKETS),
        "has_input": bool(manifest_entries(recording, INPUT)),
    }


@dataclass(frozen=True)
class Hand:
    """Whose hands worked, from when to when. `role`: owner, companion or plant."""

    name: str
    role: str
    since: datetime
    until: datetime


def hands_of(recording: Recording) -> list[Hand]:
    """In order; empty while a recording's time line is not made yet."""
    timeline, began_at = recording.timeline or {}, recording.manifest.get("began_at")
    if not began_at:
        return []
    began = datetime.fromisoformat(began_at)
    people = timeline.get("people", {})
    return [
        Hand(
            people.get(str(user_id), ""),
            role,
            began + timedelta(milliseconds=since),
            began + timedelta(milliseconds=until),
        )
        for since, until, user_id, role in timeline.get("hands", [])
    ]


def input_between(recording: Recording, from_ms: int, to_ms: int) -> list[list[Any]]:
    """Lines of the input track in a range of time. Raises `RecordingNotIntact`."""
    to_ms = min(to_ms, from_ms + MAX_INPUT_SPAN_MS)
    try:
        return [
            list(line)
            for lines in input_lines(recording, from_ms=from_ms, to_ms=to_ms)
            for line in lines
            if from_ms <= line.ms <= to_ms
        ]
    except (NotIntact, keys.WrongKey, keys.KeyMissing) as problem:
        raise RecordingNotIntact(
            _(
                "What was typed and clicked cannot be shown: the input track is not intact."
            )
        ) from problem
