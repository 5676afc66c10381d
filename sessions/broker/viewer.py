"""One participant's picture: a bounded queue, spliced from a full picture and the live stream.

A viewer who cannot keep up is not queued for. What waits longer than `BEHIND_SECONDS` or
is more than `BEHIND_BYTES` is dropped, and a fresh picture follows when the viewer can
take one; so nobody slows the asset or anybody else (architecture, 3).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Protocol

from sessions.broker.frames import Sync, filtered, syncs_of
from sessions.broker.splice import Passed, Picture, Splice
from sessions.guacamole.instruction import encode
from sessions.guacamole.opcodes import Permissions
from sessions.guacamole.reader import Batch
from sessions.guacamole.streamfilter import DownstreamFilter

__all__ = ["Picture", "State", "Transport", "Viewer"]

logger = logging.getLogger(__name__)

BEHIND_SECONDS = 5.0
BEHIND_BYTES = 4 * 1024 * 1024
STANDING_SECONDS = 1.0
"""What has waited for this long, and is more than a picture, is not worth sending: a fresh
picture is there sooner. Less than a picture is, also when it is older than `BEHIND_SECONDS`."""

HOPELESS_SECONDS = 20.0
"""A picture that is not drawn after this long is not waited for."""

MESSAGE_CHARACTERS = 256 * 1024
SLOW_MESSAGE_CHARACTERS = 32 * 1024
LEAST_PICTURE = 32 * 1024
SLOW_SECONDS = 0.3
"""What is sent in one WebSocket message, about; and to whom sees the picture late."""

WORDS_CHARACTERS = 256 * 1024
ECHO_CHARACTERS = 16 * 1024
"""What waits of the portal's own words, and of answers to pings. A browser that does not
read them gets no more."""

CLOSE_SECONDS = 2.0
"""How long a browser is given to read why its socket closes."""


class Transport(Protocol):
    """The socket of a viewer. `send` waits until the socket takes the text."""

    async def send(self, text: str) -> None: ...

    async def close(self, code: int) -> None: ...


class State(Enum):
    WAITING = auto()
    """For a picture; what comes meanwhile is kept."""
    STREAMING = auto()
    BEHIND = auto()
    """What comes is dropped until the viewer has caught up."""
    CLOSED = auto()


class Viewer:
    """Feed it every batch with `show`; it calls `want_picture(self)` when it needs one."""

    def __init__(
        self,
        transport: Transport,
        permissions: Permissions,
        want_picture: Callable[[Viewer], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state = State.WAITING
        self._transport = transport
        self._permissions = permissions
        self._want_picture = want_picture
        self._clock = clock
        self._filter = DownstreamFilter(permissions)
        self._splice = Splice(BEHIND_BYTES)
        self._words: list[str] = []
        self._words_length = 0
        # Each text, whether a frame ends in it, and since when it waits.
        self._queue: list[tuple[str, bool, float]] = []
        self._queued = 0
        self._picture_length = 0
        self._fell = False
        # The last frame of each text that was taken, and when: all its frames came at once.
        self._undrawn: deque[tuple[int, float]] = deque(maxlen=4096)
        # Since when this viewer lacks frames that will never be sent, until the picture of
        # this timestamp is drawn.
        self._lacking_since: float | None = clock()
        self._lacking_until = -1
        self._wake = asyncio.Event()
        self._sending_since: float | None = None
        self._close_code: int | None = None
        self._sender = asyncio.create_task(self._send_all())

    # --- What comes down ---------------------------------------------------------------

    def say(self, kind: str, data: dict[str, Any]) -> None:
        """A word of the portal's own, ahead of the picture."""
        word = encode("portal", kind, json.dumps(data, ensure_ascii=False))
        self._word(word, WORDS_CHARACTERS)

    def say_raw(self, text: str) -> None:
        """Whole instructions of the tunnel itself, such as the answer to a ping."""
        self._word(text, ECHO_CHARACTERS)

    def show(self, batch: Batch, syncs: list[Sync]) -> None:
        """The next batch of the asset's stream."""
        if self.state is State.STREAMING:
            self._enqueue(*filtered(self._filter, batch, syncs))
        elif self.state is State.WAITING:
            self._splice.keep(batch)
            self._join()

    def give(self, picture: Picture | None) -> None:
        """The picture that was wanted; None when none could be had."""
        if self.state is not State.WAITING:
            return
        if picture is None:
            self._ask_again()
            return
        self._splice.give(picture)
        self._join()

    def begin(self, text: str, syncs: list[Sync]) -> None:
        """Show the asset's own stream from its first instruction: it needs no picture."""
        self.state = State.STREAMING
        self._splice = Splice(BEHIND_BYTES)
        self._picture_length = max(len(text), LEAST_PICTURE)
        self._lacking_until = syncs[-1][1] if syncs else -1
        self._enqueue(text, syncs)

    def permit(self, permissions: Permissions) -> None:
        """Follow a change of permissions: only the one with the baton gets the clipboard."""
        self._permissions = permissions
        self._filter.permit(permissions)

    # --- What the viewer answers ---------------------------------------------------------

    def drawn(self, timestamp: int) -> None:
        """The browser has drawn the frame of `timestamp`."""
        while self._undrawn and self._undrawn[0][0] <= timestamp:
            self._undrawn.popleft()
        if self.state is State.STREAMING and timestamp >= self._lacking_until:
            self._lacking_since = None
        self._fell = self._fell and self.state is not State.STREAMING
        self._perhaps_recover()

    @property
    def age(self) -> float:
        """Seconds that the picture in front of this person is old.

        Also while a fresh one is fetched: what was dropped meanwhile was not seen.
        """
        if self._lacking_since is None:
            return self._undrawn_for
        return max(self._clock() - self._lacking_since, self._undrawn_for)

    @property
    def seen_nothing(self) -> bool:
        """Whether no picture was drawn yet."""
        return self._lacking_since is not None and not self._fell

    @property
    def _undrawn_for(self) -> float:
        """Seconds since a frame was sent that is not drawn yet."""
        return self._clock() - self._undrawn[0][1] if self._undrawn else 0.0

    @property
    def closed(self) -> bool:
        return self.state is State.CLOSED

    def wants_frames(self) -> bool:
        """Whether this viewer is being sent what comes, so that its answers set the pace."""
        return self.state is State.STREAMING

    @property
    def catching_up(self) -> bool:
        """What comes is dropped because the link cannot carry it, until a fresh picture is
        there: were guacd to send at full speed meanwhile, that would be too much at once."""
        return self._fell and self.state in (State.BEHIND, State.WAITING)

    @property
    def stuck_for(self) -> float:
        """Seconds since the socket was given something that it has not taken yet."""
        since = self._sending_since
        return 0.0 if since is None else self._clock() - since

    def close(self, code: int) -> None:
        """Send the words that wait, drop the picture, and close with `code`. At once."""
        if self._close_code is None:
            self._close_code = code
            loop = asyncio.get_running_loop()
            loop.call_later(CLOSE_SECONDS, self._sender.cancel)
        self.state = State.CLOSED
        self._drop()
        self._splice = Splice(0)
        self._wake.set()

    async def closed_down(self, within: float = 2 * CLOSE_SECONDS) -> None:
        """Wait until the socket was told; then let go of it."""
        await asyncio.wait({self._sender}, timeout=within)
        self._sender.cancel()

    def abandon(self) -> None:
        """The socket is gone; there is nobody to tell."""
        self.state = State.CLOSED
        self._sender.cancel()

    # --- Inside --------------------------------------------------------------------------

    def _word(self, text: str, most: int) -> None:
        if self._close_code is None and self._words_length + len(text) <= most:
            self._words.append(text)
            self._words_length += len(text)
            self._wake.set()

    def _enqueue(self, text: str, syncs: list[Sync]) -> None:
        now = self._clock()
        # A picture alone may be larger than what is let wait; it is bounded where it is taken.
        if self._is_behind(len(text), now):
            self._fall_behind()
            return
        if syncs:
            self._undrawn.append((syncs[-1][1], now))
        self._queue.append((text, bool(syncs), now))
        self._queued += len(text)
        self._wake.set()

    def _is_behind(self, length: int, now: float) -> bool:
        """Whether a fresh picture would serve this viewer better than what is to come."""
        if not self._queue:
            # All was taken; but with a large picture on its way, nothing can be drawn yet.
            limit = HOPELESS_SECONDS if self._sending_since else BEHIND_SECONDS
            return self._undrawn_for > limit
        waited = now - self._queue[0][2]
        return (
            self._queued + length > BEHIND_BYTES + self._picture_length
            or (waited > STANDING_SECONDS and self._queued > self._picture_length)
            or self._undrawn_for > HOPELESS_SECONDS
        )

    def _fall_behind(self) -> None:
        self._lacking_since = self._clock() - self.age
        self.state = State.BEHIND
        self._fell = True
        self._drop()

    def _drop(self) -> None:
        # Frames that were never sent will never be answered.
        unsent = sum(frames for _text, frames, _since in self._queue)
        for _ in range(min(unsent, len(self._undrawn))):
            self._undrawn.pop()
        self._queue = []
        self._queued = 0

    def _perhaps_recover(self) -> None:
        """Behind, and now with empty hands: a fresh picture."""
        taken = self._sending_since is None
        if self.state is State.BEHIND and taken and not self._undrawn:
            self.say("picture", {})
            self._wait_for_picture()

    def _wait_for_picture(self) -> None:
        self.state = State.WAITING
        self._splice = Splice(BEHIND_BYTES)
        self._want_picture(self)

    def _ask_again(self) -> None:
        asyncio.get_running_loop().call_later(1.0, self._ask_if_waiting)

    def _ask_if_waiting(self) -> None:
        if self.state is State.WAITING:
            self._wait_for_picture()

    def _join(self) -> None:
        """Picture up to T, then the live stream from T, instruction for instruction the same."""
        try:
            joined = self._splice.joined()
        except Passed:
            self._wait_for_picture()
            return
        if joined is None:
            return
        picture, rest = joined
        self._filter = DownstreamFilter(self._permissions)
        self.begin(picture.text, [(len(picture.text), picture.timestamp)])
        for batch in rest:
            self.show(batch, syncs_of(batch))

    async def _send_all(self) -> None:
        try:
            await self._send_until_closed()
        except asyncio.CancelledError:
            self.state = State.CLOSED
            if self._close_code is None:
                raise
            # It does not even read why: closed without another word.
            await self._transport.close(self._close_code)
        except Exception:  # noqa: BLE001 - a socket that breaks ends this viewer, nothing else
            logger.debug("A participant's socket broke", exc_info=True)
            self.state = State.CLOSED

    async def _send_until_closed(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._words or self._queue:
                self._sending_since = self._clock()
                await self._transport.send(self._next_message())
                self._sending_since = None
            if self._close_code is not None:
                await self._transport.close(self._close_code)
                return
            self._perhaps_recover()

    def _next_message(self) -> str:
        pieces = self._words
        self._words = []
        self._words_length = 0
        length = 0
        taken = 0
        slow = self._undrawn_for > SLOW_SECONDS
        most = SLOW_MESSAGE_CHARACTERS if slow else MESSAGE_CHARACTERS
        for text, _frames, _since in self._queue:
            if taken and length + len(text) > most:
                break
            length += len(text)
            taken += 1
        pieces += [text for text, _frames, _since in self._queue[:taken]]
        del self._queue[:taken]
        self._queued -= length
        return "".join(pieces)
