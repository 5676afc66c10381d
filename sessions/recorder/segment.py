"""Writes one segment file: append only, every block whole and encrypted, digests as it goes."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from isal import isal_zlib

from sessions.recorder.container import (
    DATA,
    MAX_PLAIN_BYTES,
    NO_CHAIN,
    TRAILER,
    Header,
    SegmentCipher,
    canonical,
    chain_hash,
    encode_beginning,
)
from sessions.recorder.errors import (
    DISK_FULL,
    STORAGE_REFUSES,
    RecordingFailed,
    StillWriting,
    refused,
)
from sessions.recorder.packing import Packer

logger = logging.getLogger(__name__)

Write = Callable[[int, bytes], int]
"""As `os.write`."""


@dataclass(frozen=True)
class SegmentFacts:
    """What is known of a segment; its digests and ends once it is closed.

    name: relative to the recordings' storage. starts_ms, ends_ms: milliseconds since
    the recording's first picture. first_sync, last_sync: guacd's clock (ms) at these.
    activity: for each block, its position (ms) and how many plain bytes it held.
    """

    track: str
    number: int
    name: str
    started_at: str
    starts_ms: int
    first_sync: int | None
    previous: str
    ends_ms: int = 0
    last_sync: int | None = None
    blocks: int = 0
    plain_bytes: int = 0
    stored_bytes: int = 0
    torn_bytes: int = 0
    plain_sha256: str = ""
    stored_sha256: str = ""
    chain: str = ""
    adler32: int = 1
    closed: bool = False
    activity: tuple[tuple[int, int], ...] = ()


def new_header(
    *,
    recording: str,
    track: str,
    number: int,
    started_at: datetime,
    starts_ms: int,
    first_sync: int | None = None,
    previous: str = NO_CHAIN,
) -> Header:
    """A header with a salt of its own."""
    return Header(
        recording=recording,
        track=track,
        number=number,
        salt=secrets.token_hex(16),
        previous=previous,
        started_at=started_at.isoformat(timespec="milliseconds"),
        starts_ms=starts_ms,
        first_sync=first_sync,
    )


class SegmentWriter:
    """One open segment file. Raises `RecordingFailed`; then it is of no more use.

    It is written from one thread at a time; `sync` may run beside a `write`.
    """

    def __init__(self, root: Path, name: str, header: Header, data_key: bytes) -> None:
        self.header = header
        self.name = name
        self._path = root / name
        beginning = encode_beginning(header)
        self._cipher = SegmentCipher(data_key, header, header.encode())
        self._packer = Packer()
        self._plain_digest = hashlib.sha256()
        self._stored_digest = hashlib.sha256()
        self._adler32 = 1
        self._blocks = 0
        self._activity: list[tuple[int, int]] = []
        self._synced_bytes = 0
        self._folder_synced = False
        self._ended: SegmentFacts | None = None
        self.plain_bytes = 0
        self.stored_bytes = 0
        self.last_ms = header.starts_ms
        self.last_sync = header.first_sync
        self.torn = False
        """A write that failed may have left a part of itself: nothing can follow it."""
        self._file = _create(self._path)
        try:
            self._append(beginning, os.write)
        except RecordingFailed:
            self.discard()
            raise

    @property
    def facts(self) -> SegmentFacts:
        """What is known while it is open."""
        return SegmentFacts(
            track=self.header.track,
            number=self.header.number,
            name=self.name,
            started_at=self.header.started_at,
            starts_ms=self.header.starts_ms,
            first_sync=self.header.first_sync,
            previous=self.header.previous,
        )

    def write(
        self,
        plain: bytes,
        at_ms: int,
        sync: int | None = None,
        *,
        by: Write | None = None,
    ) -> None:
        """Append one block; on return the operating system has it.

        sync: guacd's clock at the last frame in it, on the screen track. by: what writes
        it instead of `os.write`.
        """
        for start in range(0, len(plain), MAX_PLAIN_BYTES):
            piece = plain[start : start + MAX_PLAIN_BYTES]
            self._write_block(DATA, piece, at_ms, by or os.write)
            self._plain_digest.update(piece)
            self._adler32 = isal_zlib.adler32(piece, self._adler32)
            self.plain_bytes += len(piece)
            self._activity.append((at_ms, len(piece)))
        self.last_ms = max(self.last_ms, at_ms)
        self.last_sync = sync if sync is not None else self.last_sync

    def sync(self) -> None:
        """Have the disk keep what was written so far; may take long.

        A file that was removed takes everything and keeps nothing: that is noticed here.
        """
        written = self.stored_bytes
        if written == self._synced_bytes:
            return
        try:
            if not self._folder_synced:
                _sync_folder(self._path.parent)
                self._folder_synced = True
            os.fdatasync(self._file)
            there = os.stat(self._path).st_ino == os.fstat(self._file).st_ino
        except OSError as error:
            raise refused(self.name, error) from error
        if not there:
            raise RecordingFailed(f"{self.name} was moved away.", STORAGE_REFUSES)
        self._synced_bytes = written

    def close(self, *, ends_ms: int, last_sync: int | None) -> SegmentFacts:
        """`end`, `sync` and `abandon` in one."""
        facts = self.end(ends_ms=ends_ms, last_sync=last_sync)
        self.sync()
        self.abandon()
        return facts

    def end(self, *, ends_ms: int, last_sync: int | None) -> SegmentFacts:
        """Append the trailer; returns the digests. Nothing may be written after."""
        if self._ended is not None:
            return self._ended
        data_blocks = self._blocks
        trailer: dict[str, Any] = {
            "blocks": data_blocks,
            "plain_bytes": self.plain_bytes,
            "adler32": self._adler32,
            "ends_ms": ends_ms,
            "last_sync": last_sync,
        }
        self._write_block(TRAILER, canonical(trailer), ends_ms, os.write)
        stored_sha256 = self._stored_digest.hexdigest()
        self._ended = replace(
            self.facts,
            ends_ms=ends_ms,
            last_sync=last_sync,
            blocks=data_blocks,
            plain_bytes=self.plain_bytes,
            stored_bytes=self.stored_bytes,
            plain_sha256=self._plain_digest.hexdigest(),
            stored_sha256=stored_sha256,
            chain=chain_hash(self.header.previous, stored_sha256),
            adler32=self._adler32,
            closed=True,
            activity=tuple(self._activity),
        )
        return self._ended

    @property
    def chain(self) -> str:
        """The chain hash of everything that was written whole."""
        return chain_hash(self.header.previous, self._stored_digest.hexdigest())

    def abandon(self) -> None:
        """Close the file as it is."""
        if self._file >= 0:
            file, self._file = self._file, -1
            os.close(file)

    def discard(self) -> None:
        """Remove a file in which nothing is: its number is used again."""
        self.abandon()
        try:
            self._path.unlink()
        except OSError:
            logger.warning("%s could not be removed.", self.name, exc_info=True)

    def _write_block(self, kind: int, plain: bytes, at_ms: int, by: Write) -> None:
        # The trailer is no part of the joined stream, so it is stored as it is.
        packed = self._packer.pack(plain) if kind == DATA else plain
        self._append(
            self._cipher.seal(kind, self._blocks, packed, len(plain), max(at_ms, 0)), by
        )
        self._blocks += 1

    def _append(self, data: bytes, by: Write) -> None:
        """One write(); a short one means a full disk, and the block is torn."""
        try:
            written = by(self._file, data)
        except StillWriting:
            self.torn, self._file = True, -1
            raise
        except OSError as error:
            raise refused(self.name, error) from error
        if written != len(data):
            self.torn = True
            raise RecordingFailed(
                f"{self.name}: only {written} of {len(data)} bytes written", DISK_FULL
            )
        self._stored_digest.update(data)
        self.stored_bytes += len(data)


def decode_trailer(plain: bytes) -> dict[str, Any]:
    """The trailer's facts (it was authenticated, so it is what the writer wrote)."""
    trailer: dict[str, Any] = json.loads(plain)
    return trailer


def _create(path: Path) -> int:
    """A new file, never an old one: a segment's number is never used twice."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    except OSError as error:
        raise refused(path.name, error) from error


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
