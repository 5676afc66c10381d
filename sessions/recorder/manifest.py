"""The manifest: what a recording consists of, in one form only, to be signed.

Each screen segment ties guacd's clock to the recording's and to UTC: at `started_at`
(UTC) the position was `starts_ms` and guacd's `sync` said `first_sync`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sessions.recorder.container import SCREEN, canonical
from sessions.recorder.segment import SegmentFacts

NAME = "access-portal-recording"
VERSION = 1
GAP_MS = 100
"""Between the end of a segment and the beginning of the next; a cut leaves none."""

SEGMENT_FIELDS = (
    "track",
    "number",
    "name",
    "started_at",
    "starts_ms",
    "ends_ms",
    "first_sync",
    "last_sync",
    "blocks",
    "plain_bytes",
    "stored_bytes",
    "torn_bytes",
    "adler32",
    "plain_sha256",
    "stored_sha256",
    "previous",
    "chain",
)


def build_manifest(
    *,
    recording: str,
    session: str,
    key_id: str,
    complete: bool,
    reason: str,
    segments: Sequence[SegmentFacts],
    missing: Sequence[str],
) -> dict[str, Any]:
    """The manifest of a recording's segments, by track and number."""
    ordered = sorted(segments, key=lambda facts: (facts.track, facts.number))
    screens = [facts for facts in ordered if facts.track == SCREEN]
    return {
        "format": NAME,
        "version": VERSION,
        "recording": recording,
        "session": session,
        "key_id": key_id,
        "complete": complete,
        "reason": reason,
        "began_at": screens[0].started_at if screens else None,
        "duration_ms": max((facts.ends_ms for facts in screens), default=0),
        "segments": [
            {field: getattr(facts, field) for field in SEGMENT_FIELDS}
            for facts in ordered
        ],
        "gaps": gaps_between(screens),
        "missing": sorted(missing),
    }


def gaps_between(screens: Sequence[SegmentFacts]) -> list[dict[str, int]]:
    """Times without a picture between the first and the last segment."""
    gaps = []
    for before, after in zip(screens, screens[1:], strict=False):
        if (
            after.starts_ms - before.ends_ms > GAP_MS
            or after.number != before.number + 1
        ):
            gaps.append({"from_ms": before.ends_ms, "to_ms": after.starts_ms})
    return gaps


def signed_bytes(manifest: dict[str, Any]) -> bytes:
    """What the signature is over."""
    return b"access-portal recording manifest\n" + canonical(manifest)
