"""The password hash of the RDP target's account file.

RDP's network level authentication proves a password by its NT hash, MD4 over UTF-16.
OpenSSL no longer ships MD4, hence the forty lines (RFC 1320). It protects nothing here but
a demo password on loopback.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

WORD = 0xFFFFFFFF
START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)


def _select(x: int, y: int, z: int) -> int:
    return (x & y) | (~x & z)


def _majority(x: int, y: int, z: int) -> int:
    return (x & y) | (x & z) | (y & z)


def _parity(x: int, y: int, z: int) -> int:
    return x ^ y ^ z


ROUNDS: tuple[
    tuple[Callable[[int, int, int], int], int, tuple[int, ...], tuple[int, ...]], ...
] = (
    (_select, 0, (3, 7, 11, 19), tuple(range(16))),
    (
        _majority,
        0x5A827999,
        (3, 5, 9, 13),
        (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
    ),
    (
        _parity,
        0x6ED9EBA1,
        (3, 9, 11, 15),
        (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
    ),
)


def md4(message: bytes) -> bytes:
    """MD4 of the message, 16 bytes."""
    padded = message + b"\x80" + b"\0" * ((55 - len(message)) % 64)
    padded += struct.pack("<Q", 8 * len(message))
    state = list(START)
    for start in range(0, len(padded), 64):
        words = struct.unpack("<16I", padded[start : start + 64])
        a, b, c, d = state
        for mix, constant, shifts, order in ROUNDS:
            for step, word in enumerate(order):
                total = (a + mix(b, c, d) + words[word] + constant) & WORD
                shift = shifts[step % 4]
                a, b, c, d = d, (total << shift | total >> (32 - shift)) & WORD, b, c
        state = [
            (old + new) & WORD for old, new in zip(state, (a, b, c, d), strict=True)
        ]
    return struct.pack("<4I", *state)


def sam_line(username: str, password: str) -> str:
    """One account as WinPR reads it: user, domain, LM hash, NT hash."""
    return f"{username}:::{md4(password.encode('utf-16-le')).hex()}:::\n"
