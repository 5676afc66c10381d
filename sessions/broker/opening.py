"""The asset's stream from its first instruction to the first picture, and a little longer.

Nothing of it is shown before it is recorded. It is kept for a while after, so that the
contractor's browser, which comes a moment later, sees it all without a join.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sessions.broker.frames import after, part
from sessions.broker.pictures import DRAWN, SCREEN
from sessions.broker.viewer import Picture, Viewer
from sessions.guacamole.reader import Batch
from sessions.guacamole.streamfilter import DownstreamFilter

BLANK_SECONDS = 3.0
MOST_BYTES_BEFORE = 8 * 1024 * 1024
MOST_BYTES_KEPT = 2 * 1024 * 1024


class Opening:
    """`add` until there is a picture; then `keep` and `show_to` until it is forgotten.

    `look` is the recorder's filter: it has seen the stream from its first instruction.
    """

    def __init__(
        self, look: DownstreamFilter, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._look = look
        self._clock = clock
        self._batches: list[Batch] = []
        self._texts: list[str] = []
        self._size = 0
        self._blank_since = 0.0
        self._picture: Picture | None = None
        self._kept = True

    @property
    def too_long(self) -> bool:
        """So much, and no picture in it."""
        return self._size > MOST_BYTES_BEFORE

    def add(self, batch: Batch) -> tuple[Picture, Batch] | None:
        """The first picture, and what came after it; None while there is none."""
        start = 0
        for end, timestamp in batch.syncs:
            self._texts.append(self._look.apply(part(batch, start, end)))
            start = end
            text = "".join(self._texts)
            if SCREEN in text and (DRAWN.search(text) or self._blank_for_long()):
                self._picture = Picture(text, timestamp)
                self._size = len(text)
                self._texts = []
                return self._picture, after(batch, end)
        self._texts.append(self._look.apply(after(batch, start)))
        self._size += len(batch.text)
        return None

    def begin_with(self, picture: Picture) -> None:
        """An adopted session begins with a picture that was taken for it."""
        self._picture = picture
        self._size = len(picture.text)

    def keep(self, batch: Batch) -> None:
        """What follows the picture, for those who come in a moment."""
        if not self._kept:
            return
        self._batches.append(batch)
        self._size += len(batch.text)
        if self._size > MOST_BYTES_KEPT:
            self.forget()

    def forget(self) -> None:
        """From now on, who comes needs a picture of their own."""
        self._kept = False
        self._picture = None
        self._batches = []

    def show_to(self, viewer: Viewer) -> bool:
        """Show all of it; False when it was forgotten."""
        if self._picture is None:
            return False
        text, timestamp = self._picture
        viewer.begin(text, [(len(text), timestamp)])
        for batch in self._batches:
            viewer.show(batch, batch.syncs)
        return True

    def _blank_for_long(self) -> bool:
        """A screen on which nothing is drawn at all is a picture, too, after a while."""
        now = self._clock()
        self._blank_since = self._blank_since or now
        return now - self._blank_since > BLANK_SECONDS
