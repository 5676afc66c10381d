"""The picture of a held session: kept ready for the one who comes back, and for the plant.

While the one who works is away, one picture is taken and what is drawn afterwards is kept
behind it. Who comes back sees it at once, without a join, which on a screen that stands
still takes a second (guacd-facts 5); and the person in charge sees how things were left.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from sessions.broker.splice import Passed, Picture, Splice
from sessions.broker.viewer import Viewer
from sessions.guacamole.opcodes import OBSERVER
from sessions.guacamole.reader import Batch
from sessions.guacamole.streamfilter import DownstreamFilter

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

MOST_CHARACTERS = 128 * 1024
MOST_BATCHES = 600
"""More than this behind a picture, and a new one is taken: it comes faster over a slow link."""

MOST_WHILE_WAITING = 1024 * 1024
TAKE_SECONDS = 5.0
"""Between two pictures of a screen that changes a lot, and after one that failed."""


class Held:
    """Of one session. Nothing is kept while somebody works."""

    def __init__(self, actor: SessionActor) -> None:
        self._actor = actor
        self._splice: Splice | None = None
        self._picture: Picture | None = None
        self._behind: list[Batch] = []
        self._length = 0
        self._retry: asyncio.TimerHandle | None = None
        self.taken_at: datetime | None = None

    def begin_if_alone(self) -> None:
        """Where nobody works, take a picture and keep what follows, unless that is done."""
        actor = self._actor
        busy = self._splice or self._picture or self._retry
        if actor.hand is not None or busy or not actor.active or actor.ending:
            return
        if actor.pictures is not None:
            self._splice = Splice(MOST_WHILE_WAITING)
            actor.pictures.want(self._take)

    def forget(self) -> None:
        """Somebody works again, or the session is over."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._splice = None
        self._picture = None
        self._behind = []
        self._length = 0

    def keep(self, batch: Batch) -> None:
        """Every batch of the session; cheap while nothing is held."""
        if self._splice is not None:
            self._splice.keep(batch)
            self._join()
        elif self._picture is not None:
            self._behind.append(batch)
            self._length += len(batch.text)
            if self._length > MOST_CHARACTERS or len(self._behind) > MOST_BATCHES:
                self._take_again()

    def show_to(self, viewer: Viewer) -> bool:
        """Show it to the one who comes back; False when there is none."""
        if self._picture is None:
            return False
        text, timestamp = self._picture
        viewer.begin(text, [(len(text), timestamp)])
        for batch in self._behind:
            viewer.show(batch, batch.syncs)
        return True

    def text(self) -> str | None:
        """The screen as the plant may see it: whole instructions. From any thread."""
        picture, behind = self._picture, list(self._behind)
        if picture is None:
            return None
        look = DownstreamFilter(OBSERVER)
        return picture.text + "".join(look.apply(batch) for batch in behind)

    def _take(self, picture: Picture | None) -> None:
        if self._splice is None:
            return  # somebody works again
        if picture is None:
            self._take_again()
            return
        self._splice.give(picture)
        self._join()

    def _join(self) -> None:
        assert self._splice is not None
        try:
            joined = self._splice.joined()
        except Passed:
            self._take_again()
            return
        if joined is not None:
            self._picture, self._behind = joined
            self._length = sum(len(batch.text) for batch in self._behind)
            self._splice = None
            self.taken_at = timezone.now()

    def _take_again(self) -> None:
        """In a while; who comes back meanwhile has a picture of their own taken."""
        self.forget()
        loop = asyncio.get_running_loop()
        self._retry = loop.call_later(TAKE_SECONDS, self._begin_again)

    def _begin_again(self) -> None:
        self._retry = None
        self.begin_if_alone()
