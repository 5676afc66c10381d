"""The small live picture of a board's card: a whole picture now and then, never the stream.

Who looks at six cards at once looks at none of them closely. So such a seat is sent a
picture when the screen has changed, at most every `EVERY_SECONDS`, and nothing between;
the next one waits until the browser has drawn the last.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from sessions.broker.frames import Sync
from sessions.broker.viewer import Picture, Transport, Viewer
from sessions.guacamole.opcodes import OBSERVER
from sessions.guacamole.reader import Batch
from sessions.models import Vantage

EVERY_SECONDS = 2.0

NOTHING_DRAWN = re.compile(
    r"(?:4\.sync(?:,\d+\.\d+)+;|5\.mouse(?:,\d+\.\d+)+;|3\.nop;)*"
)
"""An idle screen ends a frame each second, and the pointer may move over it."""


def viewer_for(
    vantage: str, transport: Transport, want_picture: Callable[[Viewer], None]
) -> Viewer:
    """What somebody who looks from there is shown."""
    kind = Glance if vantage == Vantage.BOARD else Viewer
    return kind(transport, OBSERVER, want_picture)


class Glance(Viewer):
    """A viewer that wants no frames: `want_picture(self)` when it is time for the next."""

    def __init__(
        self,
        transport: Transport,
        permissions: object,
        want_picture: Callable[[Viewer], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(transport, permissions, want_picture, clock)  # type: ignore[arg-type]
        self._changed = False
        self._asked = False
        self._shown_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def show(self, batch: Batch, syncs: list[Sync]) -> None:
        """Note whether anything was drawn; nothing of it is sent."""
        if self._changed or self.closed:
            return
        if NOTHING_DRAWN.fullmatch(batch.text) is None:
            self._changed = True
            self._plan()

    def give(self, picture: Picture | None) -> None:
        self._asked = False
        if self.closed:
            return
        if picture is None:
            self._changed = True
        else:
            self.begin(picture.text, [(len(picture.text), picture.timestamp)])
        self._plan()

    def begin(self, text: str, syncs: list[Sync]) -> None:
        self._shown_at = self._clock()
        super().begin(text, syncs)

    def wants_frames(self) -> bool:
        return False

    def close(self, code: int) -> None:
        self._forget()
        super().close(code)

    def abandon(self) -> None:
        self._forget()
        super().abandon()

    # --- Inside --------------------------------------------------------------------------

    def _plan(self) -> None:
        """The next picture, when something has changed since the last."""
        if not self._changed or self._asked or self._timer is not None:
            return
        wait = max(0.0, self._shown_at + EVERY_SECONDS - self._clock())
        self._timer = asyncio.get_running_loop().call_later(wait, self._ask)

    def _ask(self) -> None:
        self._timer = None
        if self.closed:
            return
        if self._undrawn or self._sending_since is not None:
            self._shown_at = self._clock()  # the browser is not ready: look again later
            self._plan()
            return
        self._changed = False
        self._asked = True
        self._want_picture(self)

    def _perhaps_recover(self) -> None:
        """Nothing queues here that could fall behind."""

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
