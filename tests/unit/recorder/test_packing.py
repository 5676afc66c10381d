"""How far deflate looks: far where that pays, near where only base64 can be taken off."""

from __future__ import annotations

import base64
import random
import zlib

from sessions.recorder.packing import LOOKED_AT, POOR, Packer, Unpacker

BLOCK = 64 * 1024
BEFORE = LOOKED_AT // BLOCK

_random = random.Random(100)


def pictures() -> bytes:
    """A block of what was packed before it came, in base64."""
    return base64.b64encode(_random.randbytes(BLOCK * 3 // 4))


def repeated() -> bytes:
    """A block that says the same again every 4 KiB, which only a far look can find."""
    return pictures()[: 4 * 1024] * 16


def test_a_segment_of_pictures_is_packed_with_a_near_look() -> None:
    packer, far = Packer(), repeated()
    for _ in range(BEFORE):
        packer.pack(pictures())
    assert len(packer.pack(far)) > POOR * len(far)
    assert len(Packer().pack(far)) < len(far) / 4


def test_a_segment_that_repeats_itself_keeps_its_far_look() -> None:
    packer = Packer()
    for _ in range(2 * BEFORE):
        packer.pack(repeated())
    far = repeated()
    assert len(packer.pack(far)) < len(far) / 4


def test_the_first_megabyte_decides() -> None:
    packer, far = Packer(), repeated()
    for _ in range(BEFORE - 1):
        packer.pack(pictures())
    assert len(packer.pack(far)) < len(far) / 4


def test_what_was_packed_near_and_far_is_one_stream_of_deflate() -> None:
    packer, unpacker = Packer(), Unpacker()
    blocks = [pictures() for _ in range(BEFORE + 2)] + [repeated(), b"4.sync,1.9;" * 20]
    packed = [packer.pack(block) for block in blocks]
    assert [
        unpacker.unpack(piece, len(block))
        for piece, block in zip(packed, blocks, strict=True)
    ] == blocks
    assert zlib.decompressobj(-15).decompress(b"".join(packed)) == b"".join(blocks)
