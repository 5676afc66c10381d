"""A picture and the stream it belongs to, joined at the frame that both have.

A picture is good for guacd's time T, the first `sync` of a short-lived join. T also occurs
in the session's own stream, and from T on both are the same (guacd-facts 20). So what
comes while the picture is being taken is kept, and goes on behind T.
"""

from __future__ import annotations

from typing import NamedTuple

from sessions.broker.frames import after
from sessions.guacamole.reader import Batch


class Picture(NamedTuple):
    """A full picture: whole instructions up to and including the `sync` at `timestamp`."""

    text: str
    timestamp: int


class Passed(Exception):
    """The picture cannot be joined: its T passed before it was listened for, or stands
    for two frames, and nobody knows which of them the picture shows. Another is needed."""


class Splice:
    """`keep` every batch from before the picture is wished for; `give` the picture."""

    def __init__(self, most: int) -> None:
        """most: characters that are kept; of more, the older half is dropped."""
        self._most = most
        self._batches: list[Batch] = []
        self._length = 0
        self._picture: Picture | None = None

    def keep(self, batch: Batch) -> None:
        self._batches.append(batch)
        self._length += len(batch.text)
        if self._length > self._most:
            # The picture, when it comes, is newer than all of what goes here.
            half = len(self._batches) // 2 or 1
            self._length -= sum(len(old.text) for old in self._batches[:half])
            self._batches = self._batches[half:]

    def give(self, picture: Picture) -> None:
        self._picture = picture

    def joined(self) -> tuple[Picture, list[Batch]] | None:
        """The picture and what follows it; None while T has not come. Raises `Passed`."""
        if self._picture is None:
            return None
        wanted = self._picture.timestamp
        found: tuple[int, int] | None = None
        for place, batch in enumerate(self._batches):
            for end, timestamp in batch.syncs:
                if timestamp == wanted and found is None:
                    found = (place, end)
                elif timestamp == wanted or (timestamp > wanted and found is None):
                    raise Passed
        if found is None:
            return None
        place, end = found
        rest = [after(self._batches[place], end), *self._batches[place + 1 :]]
        return self._picture, [batch for batch in rest if batch]
