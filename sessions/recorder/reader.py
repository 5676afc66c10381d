"""Reads segments back: every block is authenticated before a byte of it is believed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from sessions.recorder.container import (
    DATA,
    HEAD,
    LENGTH,
    MAGIC,
    MAX_HEADER_BYTES,
    TRAILER,
    BlockHead,
    Header,
    SegmentCipher,
    decode_head,
    decode_header,
)
from sessions.recorder.errors import NotIntact, Torn
from sessions.recorder.packing import Unpacker


class Block(NamedTuple):
    """One authenticated block. `packed` of a data block is raw deflate."""

    head: BlockHead
    packed: bytes

    @property
    def is_data(self) -> bool:
        return self.head.kind == DATA


class SegmentReader:
    """Reads one segment from its beginning; memory is bounded by one block.

    `kept_bytes` counts the stored bytes of everything read and found good so far, and
    `stored_sha256` is their digest.
    """

    def __init__(self, file: BinaryIO, data_key: bytes) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.kept_bytes = 0
        self.header = self._read_header()
        self._cipher = SegmentCipher(data_key, self.header, self.header.encode())
        self._next = 0
        self.trailer: bytes | None = None

    @property
    def stored_sha256(self) -> str:
        return self._digest.hexdigest()

    def blocks(self) -> Iterator[Block]:
        """The data blocks, in order; afterwards `trailer` is set if there was one.

        Raises `Torn` where the file ends inside a block or without a trailer,
        `NotIntact` where a block is not what was written.
        """
        while True:
            raw = self._file.read(HEAD.size)
            if not raw and self.trailer is not None:
                return
            if self.trailer is not None:
                raise NotIntact("more_after_the_end", f"block {self._next}")
            head = decode_head(raw, self._next)
            stored = self._file.read(head.stored_bytes)
            if len(stored) < head.stored_bytes:
                raise Torn(f"block {self._next}")
            packed = self._cipher.open(head, stored)
            self._digest.update(raw)
            self._digest.update(stored)
            self.kept_bytes += len(raw) + len(stored)
            self._next += 1
            if head.kind == TRAILER:
                self.trailer = packed
                continue
            yield Block(head, packed)

    def plain_blocks(self) -> Iterator[tuple[BlockHead, bytes]]:
        """The data blocks with their plain bytes."""
        unpacker = Unpacker()
        for block in self.blocks():
            yield block.head, unpacker.unpack(block.packed, block.head.plain_bytes)

    def _read_header(self) -> Header:
        magic = self._file.read(len(MAGIC))
        raw_length = self._file.read(LENGTH.size)
        if len(magic) < len(MAGIC) or len(raw_length) < LENGTH.size:
            if not MAGIC.startswith(magic):
                raise NotIntact("not_a_segment")
            raise Torn("header")
        if magic != MAGIC:
            raise NotIntact("not_a_segment")
        length = LENGTH.unpack(raw_length)[0]
        if not 0 < length <= MAX_HEADER_BYTES:
            raise NotIntact("header_unreadable", "length")
        encoded = self._file.read(length)
        if len(encoded) < length:
            raise Torn("header")
        header = decode_header(encoded)
        if header.encode() != encoded:
            raise NotIntact("header_unreadable", "form")
        self._digest.update(magic)
        self._digest.update(raw_length)
        self._digest.update(encoded)
        self.kept_bytes = len(magic) + len(raw_length) + length
        return header
