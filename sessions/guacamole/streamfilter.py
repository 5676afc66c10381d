"""What a participant may be sent and may send, applied to the streams.

Both filters belong to one participant each and remember which streams were let
through, so that the `blob` and `end` of a refused stream are refused with it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from sessions.guacamole.instruction import Instruction
from sessions.guacamole.opcodes import (
    DOWNSTREAM_STREAMS,
    OBSERVER,
    UPSTREAM,
    UPSTREAM_STREAMS,
    Pass,
    Permissions,
    allowed_downstream,
    stream_index_argument,
)
from sessions.guacamole.reader import Batch, Mark, Sync


class DownstreamFilter:
    """Cuts out of guacd's stream what a participant may not have.

    guacd sends clipboards and files to every user of a connection, observers
    included, so this is the only thing that keeps them apart. A stream whose
    opening was not seen (the participant came in the middle) is cut, too.
    """

    def __init__(self, permissions: Permissions = OBSERVER) -> None:
        self._allowed = allowed_downstream(permissions)
        self._passing: set[str] = set()

    def permit(self, permissions: Permissions) -> None:
        """Follow a change of permissions. A stream already open goes on."""
        self._allowed = allowed_downstream(permissions)

    def apply(self, batch: Batch) -> str:
        """The batch's text without what may not pass; whole instructions.

        Every batch must go through, in order, also the ones not sent on.
        """
        return self.pass_on(batch)[0]

    def pass_on(self, batch: Batch) -> tuple[str, list[Sync]]:
        """What `apply` leaves of the text, and where in it the frames end."""
        cuts = [mark for mark in batch.marks if not self._passes(batch, mark)]
        if not cuts:
            return batch.text, batch.syncs
        kept: list[str] = []
        syncs: list[Sync] = []
        kept_to = cut = 0
        frames = iter(batch.syncs)
        frame = next(frames, None)
        for mark in cuts:
            while frame is not None and frame[0] <= mark.start:
                syncs.append((frame[0] - cut, frame[1]))
                frame = next(frames, None)
            kept.append(batch.text[kept_to : mark.start])
            kept_to = mark.end
            cut += mark.end - mark.start
        while frame is not None:
            syncs.append((frame[0] - cut, frame[1]))
            frame = next(frames, None)
        kept.append(batch.text[kept_to:])
        return "".join(kept), syncs

    def _passes(self, batch: Batch, mark: Mark) -> bool:
        opcode = mark.opcode
        if opcode in ("blob", "end"):
            index = batch.instruction(mark).args[0]
            passes = index in self._passing
            if opcode == "end":
                self._passing.discard(index)
            return passes
        if opcode in DOWNSTREAM_STREAMS:
            index = batch.instruction(mark).args[stream_index_argument(opcode)]
            self._passing.discard(index)
            if opcode in self._allowed:
                self._passing.add(index)
        return opcode in self._allowed


class Reason(Enum):
    """Why something a participant sent was refused."""

    OPCODE = auto()
    """Nobody may send this, or it is unknown."""
    PERMISSION = auto()
    """This participant may not."""
    STREAM = auto()
    """A piece of a stream that was not let through, or one stream too many."""
    SIZE = auto()
    """The stream has grown past its bound."""
    RATE = auto()
    """Too much at once; a person's hands cannot."""
    FLOOD = auto()
    """So much that even releases are refused: show this participant out."""
    MALFORMED = auto()
    """Arguments that do not fit the opcode."""


class Verdict(Enum):
    """What to do with an instruction of a participant."""

    FORWARD = auto()
    ACTOR = auto()
    REFUSE = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and the reason when it is a refusal."""

    verdict: Verdict
    reason: Reason | None = None


FORWARD = Judgement(Verdict.FORWARD)
ACTOR = Judgement(Verdict.ACTOR)
REFUSED = {reason: Judgement(Verdict.REFUSE, reason) for reason in Reason}


@dataclass(frozen=True, slots=True)
class UpstreamLimits:
    """How much one participant may send.

    A hand on a mouse makes 60 to 125 instructions a second. The clipboard bound is
    guacd's own (262,144 bytes).
    """

    instructions_per_second: float = 500.0
    characters_per_second: float = 256 * 1024.0
    burst_seconds: float = 2.0
    flood_factor: float = 4.0
    stream_bytes: int = 256 * 1024
    open_streams: int = 4


class UpstreamFilter:
    """Judges what one participant sends, instruction by instruction.

    A release (of a key, or of a mouse button that went up through here) is never
    refused for its rate, only for a flood: what was pressed can always be let go.
    """

    def __init__(
        self,
        permissions: Permissions = OBSERVER,
        limits: UpstreamLimits = UpstreamLimits(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._permissions = permissions
        self._limits = limits
        self._instructions = Bucket(
            limits.instructions_per_second, limits.burst_seconds, clock
        )
        self._characters = Bucket(
            limits.characters_per_second, limits.burst_seconds, clock
        )
        self._streams: dict[str, int] = {}
        self._buttons = 0

    def permit(self, permissions: Permissions) -> None:
        """Follow a change of permissions, as when the baton moves.

        A stream whose permission is gone is refused from its next piece on.
        """
        if permissions != self._permissions:
            self._permissions = permissions
            self._streams.clear()
            self._buttons = 0

    def judge(self, instruction: Instruction) -> Judgement:
        """What to do with one instruction of this participant."""
        opcode, args = instruction
        rule = UPSTREAM.get(opcode)
        if rule is None or rule.verdict is Pass.NEVER:
            return REFUSED[Reason.OPCODE]
        if rule.needs and not getattr(self._permissions, rule.needs):
            return REFUSED[Reason.PERMISSION]
        if not _well_formed(opcode, args):
            return REFUSED[Reason.MALFORMED]
        reason = self._over_rate(opcode, args) or self._stream(opcode, args)
        if reason is not None:
            if opcode == "blob":  # With a piece missing the rest is of no use.
                self._streams.pop(args[0], None)
            return REFUSED[reason]
        if rule.verdict is Pass.ACTOR:
            return ACTOR
        if opcode == "mouse":
            self._buttons = int(args[2])
        return FORWARD

    def _over_rate(self, opcode: str, args: tuple[str, ...]) -> Reason | None:
        size = 4 * len(args) + len(opcode) + sum(map(len, args))
        behind = max(self._instructions.take(1), self._characters.take(size))
        if behind <= 0:
            return None
        if behind > self._limits.burst_seconds * self._limits.flood_factor:
            return Reason.FLOOD
        released = (opcode == "key" and args[1] == "0") or (
            opcode == "mouse" and self._buttons & ~int(args[2])
        )
        return None if released else Reason.RATE

    def _stream(self, opcode: str, args: tuple[str, ...]) -> Reason | None:
        """Account for the stream an instruction opens, feeds or ends."""
        if opcode in UPSTREAM_STREAMS:
            if len(self._streams) >= self._limits.open_streams:
                return Reason.STREAM
            self._streams[args[UPSTREAM_STREAMS[opcode]]] = 0
        elif opcode == "blob":
            if args[0] not in self._streams:
                return Reason.STREAM
            self._streams[args[0]] += len(args[1]) * 3 // 4
            if self._streams[args[0]] > self._limits.stream_bytes:
                return Reason.SIZE
        elif opcode == "end" and self._streams.pop(args[0], None) is None:
            return Reason.STREAM
        elif opcode == "ack":
            receives = self._permissions.clipboard_out or self._permissions.files_out
            return None if receives else Reason.STREAM
        return None


class Bucket:
    """A token bucket that knows how far behind it is.

    Fills with `rate` per second up to `rate * burst`.
    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._most = rate * burst
        self._clock = clock
        self._level = self._most
        self._at = clock()

    def take(self, amount: float) -> float:
        """Take, and say how many seconds of filling are lacking (0: none)."""
        now = self._clock()
        self._level = min(self._most, self._level + (now - self._at) * self._rate)
        self._at = now
        self._level -= amount
        return max(0.0, -self._level / self._rate)


_NUMBER = r"-?[0-9]{1,9}"
_DECIMAL = rf"{_NUMBER}(?:\.[0-9]{{1,9}})?"
_INDEX = r"[0-9]{1,9}"
_BASE64 = r"[A-Za-z0-9+/]*={0,2}"
_ANY = r".*"

_SHAPES: dict[str, tuple[int, tuple[re.Pattern[str], ...]]] = {
    opcode: (required, tuple(re.compile(shape, re.S) for shape in shapes))
    for opcode, required, shapes in (
        ("sync", 1, ("[0-9]{1,19}", _INDEX)),
        ("size", 2, ("[0-9]{1,5}", "[0-9]{1,5}")),
        ("key", 2, (_INDEX, "[01]", "[0-9]{1,19}")),
        ("mouse", 3, (_NUMBER, _NUMBER, "[0-9]{1,3}", "[0-9]{1,19}")),
        ("touch", 7, (_INDEX, _NUMBER, _NUMBER, *(_DECIMAL,) * 4, "[0-9]{1,19}")),
        ("clipboard", 2, (_INDEX, "text/plain")),
        ("file", 3, (_INDEX, _ANY, _ANY)),
        ("put", 4, (_INDEX, _INDEX, _ANY, _ANY)),
        ("get", 2, (_INDEX, _ANY)),
        ("blob", 2, (_INDEX, _BASE64)),
        ("end", 1, (_INDEX,)),
        ("ack", 3, (_INDEX, _ANY, _INDEX)),
    )
}
"""Per opcode: how many arguments there must be, and the shape of each."""


def _well_formed(opcode: str, args: tuple[str, ...]) -> bool:
    if opcode not in _SHAPES:
        return True
    required, shapes = _SHAPES[opcode]
    if not required <= len(args) <= len(shapes):
        return False
    return all(shape.fullmatch(arg) for shape, arg in zip(shapes, args, strict=False))
