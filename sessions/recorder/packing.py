"""Compression: raw deflate, so that all blocks of a segment joined are one stream.

Each block is flushed to a byte boundary and knows at most the 32 KiB of text before it
as its dictionary, which is exactly what a decompressor of the joined stream has in its
window. So a segment can be sent to a browser as it is stored (`Content-Encoding:
deflate`), and any deflate reads it. isal compresses 15 times as fast as zlib.
"""

from __future__ import annotations

import struct
import zlib

from isal import isal_zlib

from sessions.recorder.errors import NotIntact

WINDOW_BITS = 15
WINDOW = 1 << WINDOW_BITS
DICTIONARY_BELOW = 16 * 1024
"""Larger blocks fill the window themselves; loading a dictionary would only cost."""

MEMORY = 9
"""The most isal takes for its tables: 5 to 10 % less CPU for large blocks."""

NEAR_BITS = 9
LOOKED_AT = 1024 * 1024
POOR = 0.7
"""A segment whose first MB packs no better than this holds pictures, packed before they
came: what deflate takes off are the idle bits of base64, wherever it looks. From then on
it looks 512 bytes back only, which costs a quarter to a half less (decision 100)."""

SMALL = 512
SMALL_WINDOW = 2 * 1024
"""A line of the input track is journalled before it is sent: loading all would take longer."""

TINY = 64
"""A key or a move. It is stored as it is: packing saves 14 bytes of about 70, but gives the
interpreter away twice, and the key waits until it has its turn again (decision 131)."""

STREAM_BEGIN = b"\x78\x01"
STREAM_END = b"\x03\x00"
"""Around joined blocks, with the Adler-32 behind, these make a zlib stream (RFC 1950)."""


class Packer:
    """Compresses the blocks of one segment, in order."""

    def __init__(self) -> None:
        self._before = b""
        self._plain_bytes = 0
        self._packed_bytes = 0

    def pack(self, plain: bytes) -> bytes:
        if len(plain) <= TINY:
            self._remember(plain)
            return _stored(plain)
        if self._before and len(plain) < DICTIONARY_BELOW:
            history = (
                self._before[-SMALL_WINDOW:] if len(plain) < SMALL else self._before
            )
            deflate = isal_zlib.compressobj(
                1, isal_zlib.DEFLATED, -WINDOW_BITS, zdict=history
            )
        else:
            bits = NEAR_BITS if self._poor else WINDOW_BITS
            deflate = isal_zlib.compressobj(1, isal_zlib.DEFLATED, -bits, MEMORY)
        self._remember(plain)
        packed = deflate.compress(plain) + deflate.flush(isal_zlib.Z_SYNC_FLUSH)
        if self._plain_bytes < LOOKED_AT:
            self._plain_bytes += len(plain)
            self._packed_bytes += len(packed)
        return packed

    @property
    def _poor(self) -> bool:
        return (
            self._plain_bytes >= LOOKED_AT
            and self._packed_bytes > POOR * self._plain_bytes
        )

    def _remember(self, plain: bytes) -> None:
        if len(plain) >= WINDOW:
            self._before = plain[-WINDOW:]
        else:
            self._before = (self._before + plain)[-WINDOW:]


class Unpacker:
    """Opens the blocks of one segment, in order."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(-15)

    def unpack(self, packed: bytes, plain_bytes: int) -> bytes:
        """Exactly `plain_bytes` bytes. Raises `NotIntact`; never makes more than that."""
        try:
            plain = self._inflate.decompress(packed, plain_bytes + 1)
        except zlib.error:
            raise NotIntact("block_unpackable") from None
        if (
            len(plain) != plain_bytes
            or self._inflate.unconsumed_tail
            or self._inflate.eof
        ):
            raise NotIntact("block_unpackable")
        return plain


def _stored(plain: bytes) -> bytes:
    """A block of deflate that is not compressed (RFC 1951, 3.2.4), and not the last."""
    size = len(plain)
    return struct.pack("<BHH", 0, size, 0xFFFF - size) + plain


def stream_end(adler32: int) -> bytes:
    """What closes the joined blocks of a segment as a zlib stream."""
    return STREAM_END + adler32.to_bytes(4, "big")
