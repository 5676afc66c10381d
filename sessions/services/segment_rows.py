"""Segments as rows: what the writer tells of its files, and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from sessions.models import Recording, Segment
from sessions.recorder.segment import SegmentFacts


class DatabaseLedger:
    """What a live recording's writer tells; each call is one short transaction."""

    def segment_opened(self, recording_id: int, facts: SegmentFacts) -> None:
        keep_segment(recording_id, facts)

    def segment_closed(self, recording_id: int, facts: SegmentFacts) -> None:
        keep_segment(recording_id, facts)


def keep_segment(recording_id: int, facts: SegmentFacts) -> None:
    """Insert or complete the row of one segment; a sealed recording's rows stay as they are.

    In one statement: a busy screen begins a segment every few seconds.
    """
    if not Recording.objects.filter(
        pk=recording_id, state=Recording.State.WRITING
    ).exists():
        return
    closed_at = timezone.now() if facts.stored_bytes else None
    fields = {**_fields(facts), "closed_at": closed_at}
    which = {
        "recording_id": recording_id,
        "track": facts.track,
        "number": facts.number,
    }
    Segment.objects.bulk_create(
        [Segment(**which, **fields)],
        update_conflicts=True,
        unique_fields=list(which),
        update_fields=list(fields),
    )


def _fields(facts: SegmentFacts) -> dict[str, Any]:
    return {
        "storage_name": facts.name,
        "started_at": datetime.fromisoformat(facts.started_at),
        "starts_ms": facts.starts_ms,
        "ends_ms": facts.ends_ms,
        "first_sync": facts.first_sync,
        "last_sync": facts.last_sync,
        "blocks": facts.blocks,
        "plain_bytes": facts.plain_bytes,
        "stored_bytes": facts.stored_bytes,
        "torn_bytes": facts.torn_bytes,
        "adler32": facts.adler32,
        "activity": [list(item) for item in facts.activity],
        "plain_sha256": facts.plain_sha256,
        "stored_sha256": facts.stored_sha256,
        "previous_hash": facts.previous,
        "chain_hash": facts.chain,
    }


def facts_of(segment: Segment) -> SegmentFacts:
    """The facts of a row."""
    return SegmentFacts(
        track=segment.track,
        number=segment.number,
        name=segment.storage_name,
        started_at=segment.started_at.isoformat(timespec="milliseconds"),
        starts_ms=segment.starts_ms,
        first_sync=segment.first_sync,
        previous=segment.previous_hash,
        ends_ms=segment.ends_ms,
        last_sync=segment.last_sync,
        blocks=segment.blocks,
        plain_bytes=segment.plain_bytes,
        stored_bytes=segment.stored_bytes,
        torn_bytes=segment.torn_bytes,
        plain_sha256=segment.plain_sha256,
        stored_sha256=segment.stored_sha256,
        chain=segment.chain_hash,
        adler32=segment.adler32,
        closed=segment.closed_at is not None and not segment.torn_bytes,
        activity=tuple((ms, count) for ms, count in segment.activity),
    )
