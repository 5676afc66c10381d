"""Is a recording what was written? Every digest, every block, the chain and the signature.

Nothing here needs the database: a manifest, its signature, the files and the data key
are enough. Memory is bounded by one block.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from isal import isal_zlib

from sessions.recorder.container import NO_CHAIN, TRACKS, chain_hash
from sessions.recorder.errors import NotIntact, Torn
from sessions.recorder.packing import Unpacker
from sessions.recorder.reader import Block, SegmentReader

Opener = Callable[[str], BinaryIO]


@dataclass(frozen=True)
class Finding:
    """What is wrong (a key of `findings.SENTENCES`) and where."""

    finding: str
    where: str = ""


@dataclass
class Report:
    """`gaps` are no findings: a recording that says where it has gaps is intact."""

    findings: list[Finding] = field(default_factory=list)
    segments: int = 0
    plain_bytes: int = 0
    gaps: list[dict[str, Any]] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        return not self.findings

    def add(self, finding: str, where: str = "") -> None:
        self.findings.append(Finding(finding, where))


def check_segments(
    manifest: dict[str, Any], data_key: bytes, open_file: Opener
) -> Report:
    """Read every segment the manifest names and compare all it says."""
    report = Report()
    report.gaps = [*manifest.get("gaps", []), *manifest.get("journal_gaps", [])]
    for name in manifest.get("missing", []):
        report.add("segment_missing", name)
    segments = manifest.get("segments", [])
    check_chains(segments, report)
    for entry in segments:
        report.segments += 1
        try:
            report.plain_bytes += check_segment(
                entry, manifest["recording"], data_key, open_file
            )
        except NotIntact as problem:
            report.add(problem.finding, entry["name"])
    return report


def check_chains(segments: Sequence[dict[str, Any]], report: Report) -> None:
    """Numbers without a hole, and each segment the successor of the one before."""
    for track in TRACKS:
        previous, number = NO_CHAIN, 0
        for entry in (entry for entry in segments if entry["track"] == track):
            if entry["number"] != number + 1:
                report.add("segment_missing", f"{track} {number + 1}")
            elif entry["previous"] != previous:
                report.add("chain_broken", entry["name"])
            if entry["chain"] != chain_hash(entry["previous"], entry["stored_sha256"]):
                report.add("chain_broken", entry["name"])
            previous, number = entry["chain"], entry["number"]


def check_segment(
    entry: dict[str, Any], recording: str, data_key: bytes, open_file: Opener
) -> int:
    """Raises `NotIntact`; returns how many plain bytes were found good."""
    adler32 = 1
    digest = hashlib.sha256()
    unpacker = Unpacker()
    plain_bytes = 0
    for block in blocks_of(entry, recording, data_key, open_file):
        plain = unpacker.unpack(block.packed, block.head.plain_bytes)
        adler32 = isal_zlib.adler32(plain, adler32)
        digest.update(plain)
        plain_bytes += len(plain)
    found = (digest.hexdigest(), adler32, plain_bytes)
    # A manifest of before the plain digest says nothing of it, and is signed like that.
    said = entry.get("plain_sha256") or found[0], entry["adler32"], entry["plain_bytes"]
    if found != said:
        raise NotIntact("plain_changed", entry["name"])
    return plain_bytes


def blocks_of(
    entry: dict[str, Any], recording: str, data_key: bytes, open_file: Opener
) -> Iterator[Block]:
    """The blocks of a segment, compared with its entry in a manifest. Raises `NotIntact`.

    A segment that a crash cut off ends where the entry says its whole blocks end; the
    digest of what was stored is compared after the last block.
    """
    with open_file(entry["name"]) as file:
        reader = SegmentReader(file, data_key)
        header = reader.header
        same = (
            header.recording == recording
            and header.track == entry["track"]
            and header.number == entry["number"]
            and header.previous == entry["previous"]
            and header.first_sync == entry["first_sync"]
            and header.starts_ms == entry["starts_ms"]
            and header.started_at == entry["started_at"]
        )
        if not same:
            raise NotIntact("segment_swapped", entry["name"])
        count = 0
        blocks = reader.blocks()
        while reader.kept_bytes < entry["stored_bytes"]:
            try:
                block = next(blocks, None)
            except Torn:
                raise NotIntact("segment_cut", entry["name"]) from None
            if block is None:
                break
            count += 1
            yield block
        if reader.kept_bytes != entry["stored_bytes"] or count != entry["blocks"]:
            raise NotIntact("segment_cut", entry["name"])
        if reader.stored_sha256 != entry["stored_sha256"]:
            raise NotIntact("stored_changed", entry["name"])
        if _rest(file) != entry["torn_bytes"]:
            raise NotIntact("more_after_the_end", entry["name"])


def _rest(file: BinaryIO) -> int:
    count = 0
    while piece := file.read(64 * 1024):
        count += len(piece)
    return count
