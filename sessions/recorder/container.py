"""The segment file: a header, then blocks, each encrypted on its own (AES-256-GCM).

    file   = MAGIC, length of the header (u32), header (canonical JSON), block*
    block  = kind (u8), number (u32), stored length (u32), plain length (u32),
             position (u64, ms since the recording's first picture), cipher text and tag

Integers are big-endian. Every segment has a key of its own, derived (HKDF-SHA256) from
the recording's data key and the header's random salt; the nonce is the block's number,
so a pair of key and nonce never comes twice. The header's SHA-256 and the block's head
are associated data: a block can be neither moved, renumbered nor put into another file.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sessions.recorder.errors import NotIntact, Torn

MAGIC = b"APSEG\r\n\x01"
"""The line end shows a transfer in text mode at once; the last byte is the version."""

FORMAT = 1
SCREEN = "screen"
INPUT = "input"
TRACKS = (SCREEN, INPUT)

DATA = 1
TRAILER = 2

HEAD = struct.Struct(">BIIIQ")
LENGTH = struct.Struct(">I")
TAG_BYTES = 16

MAX_HEADER_BYTES = 4096
MAX_PLAIN_BYTES = 16 * 1024 * 1024
MAX_STORED_BYTES = MAX_PLAIN_BYTES + 64 * 1024
"""No block is larger; a length beyond is damage, not data."""

NO_CHAIN = "0" * 64
"""What the first segment of a track names as its predecessor."""


@dataclass(frozen=True)
class Header:
    """Who a segment is. `previous` is the chain hash of the track's segment before.

    starts_ms: milliseconds since the recording's first picture. first_sync: guacd's
    clock (uptime, ms) at that moment, on the screen track. started_at: UTC, ISO 8601.
    """

    recording: str
    track: str
    number: int
    salt: str
    previous: str
    started_at: str
    starts_ms: int
    first_sync: int | None = None
    format: int = FORMAT

    def encode(self) -> bytes:
        return canonical(asdict(self))


class BlockHead(NamedTuple):
    kind: int
    number: int
    stored_bytes: int
    plain_bytes: int
    at_ms: int

    def encode(self) -> bytes:
        return HEAD.pack(*self)


class SegmentCipher:
    """Encrypts and opens the blocks of one segment."""

    def __init__(self, data_key: bytes, header: Header, encoded_header: bytes) -> None:
        key = HKDF(
            algorithm=SHA256(),
            length=32,
            salt=bytes.fromhex(header.salt),
            info=b"access-portal segment 1",
        ).derive(data_key)
        self._cipher = AESGCM(key)
        self._header_digest = hashlib.sha256(encoded_header).digest()

    def seal(
        self, kind: int, number: int, packed: bytes, plain_bytes: int, at_ms: int
    ) -> bytes:
        """One whole block as it stands in the file."""
        head = HEAD.pack(kind, number, len(packed) + TAG_BYTES, plain_bytes, at_ms)
        return head + self._cipher.encrypt(
            nonce(number), packed, self._header_digest + head
        )

    def open(self, head: BlockHead, stored: bytes) -> bytes:
        """The packed bytes of a block. Raises `NotIntact`."""
        try:
            return self._cipher.decrypt(
                nonce(head.number), stored, self._header_digest + head.encode()
            )
        except InvalidTag:
            raise NotIntact("block_changed", f"block {head.number}") from None


def nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def canonical(value: Any) -> bytes:
    """JSON that has one form only: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    ).encode()


def encode_beginning(header: Header) -> bytes:
    """Everything before the first block."""
    encoded = header.encode()
    return MAGIC + LENGTH.pack(len(encoded)) + encoded


def decode_header(encoded: bytes) -> Header:
    """Raises `NotIntact` for anything that is not exactly a header of this format."""
    try:
        values = json.loads(encoded)
        known = {field.name for field in fields(Header)}
        if not isinstance(values, dict) or set(values) != known:
            raise ValueError("other fields")
        header = Header(**values)
        bytes.fromhex(header.salt)
        numbers = (header.number, header.starts_ms, header.format)
        texts = (header.recording, header.track, header.previous, header.started_at)
        if not all(type(number) is int for number in numbers):
            raise ValueError("numbers")
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("texts")
    except (ValueError, TypeError, UnicodeDecodeError) as error:
        raise NotIntact("header_unreadable", str(error)) from None
    if header.format != FORMAT or header.track not in TRACKS:
        raise NotIntact("header_unreadable", "format or track")
    return header


def decode_head(raw: bytes, expected_number: int) -> BlockHead:
    """Raises `Torn` for too few bytes, `NotIntact` for what cannot be a block's head."""
    if len(raw) < HEAD.size:
        raise Torn(f"block {expected_number}")
    head = BlockHead._make(HEAD.unpack(raw))
    if head.kind not in (DATA, TRAILER):
        raise NotIntact("block_changed", f"block {expected_number}")
    if head.number != expected_number:
        raise NotIntact("block_out_of_order", f"block {expected_number}")
    if not TAG_BYTES <= head.stored_bytes <= MAX_STORED_BYTES:
        raise NotIntact("block_changed", f"block {expected_number}")
    if head.plain_bytes > MAX_PLAIN_BYTES:
        raise NotIntact("block_changed", f"block {expected_number}")
    return head


def chain_hash(previous: str, stored_sha256: str) -> str:
    """The chain over a track: SHA-256 of the hash before and this file's digest, both hex."""
    return hashlib.sha256(f"{previous}{stored_sha256}".encode()).hexdigest()
