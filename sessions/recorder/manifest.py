"""The manifest: what a recording consists of, in one form only, to be signed.

Each screen segment ties guacd's clock to the recording's and to UTC: at `started_at`
(UTC) the position was `starts_ms` and guacd's `sync` said `first_sync`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sessions.recorder.container import INPUT, SCREEN, canonical
from sessions.recorder.gaps import StatedGap
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
    stated: Sequence[StatedGap] = (),
) -> dict[str, Any]:
    """The manifest of a recording's segments, by track and number.

    stated: the gaps that the journal names, with their reasons.
    """
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
        "gaps": [
            {**gap, "reason": reason_of(gap, stated)} for gap in gaps_between(screens)
        ],
        "journal_gaps": [
            {"from_ms": one.from_ms, "to_ms": one.to_ms, "reason": one.reason}
            for one in stated
            if one.track == INPUT
        ],
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


def reason_of(gap: dict[str, int], stated: Sequence[StatedGap]) -> str:
    """What the journal says of a gap; empty where it says nothing (a crash)."""
    for one in stated:
        if (
            one.track == SCREEN
            and one.from_ms < gap["to_ms"]
            and one.to_ms > gap["from_ms"]
        ):
            return one.reason
    return ""


def signed_bytes(manifest: dict[str, Any]) -> bytes:
    """What the signature is over."""
    return b"access-portal recording manifest\n" + canonical(manifest)
