"""The change from one segment to the next: at one and the same `sync`, none lost.

A new segment begins with a picture, taken by a short-lived join and good for the
moment T of its first `sync`. The session's own stream may have passed T by then, or may
still be before it. So from the beginning of the join the writer remembers what it was
given; the new segment gets the picture, then everything behind T. What the old segment
holds behind T it holds as well: nothing is taken back from a disk, and a reader stops
at T (guacd-facts 4, 20).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MAX_REMEMBERED = 8 * 1024 * 1024
"""Code points; a join takes at most some seconds."""

Syncs = Sequence[tuple[int, int]]
"""(offset just behind the `sync` instruction, its timestamp), in order."""


class Piece(NamedTuple):
    text: str
    syncs: Syncs


class Cut:
    """What was recorded since a join began."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._length = 0

    @property
    def too_long(self) -> bool:
        return self._length > MAX_REMEMBERED

    def remember(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._length += len(piece.text)

    def behind(self, sync: int) -> list[Piece] | None:
        """Everything behind the `sync` with this timestamp; None while it has not come."""
        for index, piece in enumerate(self._pieces):
            split = split_behind(piece, sync)
            if split is not None:
                return [
                    piece
                    for piece in (split[1], *self._pieces[index + 1 :])
                    if piece.text
                ]
        return None


def split_behind(piece: Piece, sync: int) -> tuple[Piece, Piece] | None:
    """The piece up to and including a `sync`, and the rest; None when it is not in it."""
    for index, (end, timestamp) in enumerate(piece.syncs):
        if timestamp == sync:
            rest = [(later - end, at) for later, at in piece.syncs[index + 1 :]]
            return (
                Piece(piece.text[:end], piece.syncs[: index + 1]),
                Piece(piece.text[end:], rest),
            )
    return None
