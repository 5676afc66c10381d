"""What one participant's browser sends: read, judged, and sorted into what to do with it.

Pure: nothing is sent or stored here. The actor journals what `Heard.forward` holds
before it goes upstream, and does the rest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sessions.broker.pressed import PressedSet
from sessions.guacamole.errors import ProtocolError
from sessions.guacamole.instruction import UPSTREAM_LIMITS, Instruction, decode_all
from sessions.guacamole.opcodes import INTERNAL, Permissions
from sessions.guacamole.streamfilter import Reason, UpstreamFilter, Verdict

MESSAGE_CHARACTERS = 64 * 1024
"""A longer message is refused unread; a browser sends a few instructions at a time."""

STALE_SECONDS = 1.0
"""Input made on a picture older than this is discarded, never delivered late (promise 7)."""

PORTAL_WORDS = frozenset({"heartbeat", "leave", "release"})

INPUT = frozenset(
    {"key", "mouse", "touch", "clipboard", "file", "put", "get", "blob", "end"}
)

HARMLESS = frozenset({Reason.PERMISSION, Reason.STREAM, Reason.SIZE, Reason.RATE})
"""Refused, and said so, but no reason to show somebody out."""


@dataclass(slots=True)
class Heard:
    """What one message of a participant comes to, in order."""

    forward: list[Instruction] = field(default_factory=list)
    pings: list[Instruction] = field(default_factory=list)
    drawn: int | None = None
    size: tuple[int, int] | None = None
    leaves: bool = False
    lets_go: bool = False
    active: bool = False
    """A person did something: the session is not idle."""
    discarded: int = 0
    refused: list[tuple[str, Reason]] = field(default_factory=list)
    """What was refused, without showing anybody out."""
    show_out: tuple[str, str] | None = None
    """What was sent, and why its sender has to go."""


class Hands:
    """One participant's way in; `pressed` follows what was let through."""

    def __init__(self, permissions: Permissions) -> None:
        self.permissions = permissions
        self.pressed = PressedSet()
        self.open_streams: set[str] = set()
        self._filter = UpstreamFilter(permissions)

    def permit(self, permissions: Permissions) -> None:
        """Follow a change of permissions: somebody of the plant takes control."""
        self.permissions = permissions
        self._filter.permit(permissions)

    def hear(self, text: str, *, age: float, open: bool) -> Heard:
        """One message. `age`: of the picture it was made on, in seconds. `open`: whether
        input may pass at all now (active, not frozen, recorded)."""
        heard = Heard()
        if len(text) > MESSAGE_CHARACTERS:
            heard.show_out = ("message", "oversized")
            return heard
        try:
            instructions = decode_all(text, UPSTREAM_LIMITS)
        except ProtocolError as error:
            heard.show_out = ("message", error.reason)
            return heard
        for instruction in instructions:
            self._hear_one(instruction, heard, age, open)
            if heard.show_out is not None:
                break
        return heard

    def _hear_one(
        self, instruction: Instruction, heard: Heard, age: float, open: bool
    ) -> None:
        opcode, args = instruction
        if opcode == "portal":
            self._hear_portal(args, heard)
            return
        if opcode == "ack" and not self.permissions.clipboard_out:
            return  # a browser answers every picture; guacd does not want to know
        if opcode == "size" and not self.permissions.control:
            return  # every browser window is resized at times
        judgement = self._filter.judge(instruction)
        if judgement.verdict is Verdict.REFUSE:
            assert judgement.reason is not None
            if judgement.reason in HARMLESS:
                heard.refused.append((opcode, judgement.reason))
            else:
                heard.show_out = (opcode[:40], judgement.reason.name.lower())
            return
        if judgement.verdict is Verdict.ACTOR:
            self._hear_for_actor(instruction, heard)
            return
        self._hear_input(instruction, heard, age, open)

    def _hear_portal(self, args: tuple[str, ...], heard: Heard) -> None:
        kind = args[0] if args else ""
        if kind not in PORTAL_WORDS:
            heard.show_out = ("portal", "unknown word")
        elif not _is_object(args[1:]):
            heard.show_out = ("portal", "not an object")
        elif kind == "leave":
            heard.leaves = True
        elif kind == "release":
            heard.lets_go = True

    def _hear_for_actor(self, instruction: Instruction, heard: Heard) -> None:
        opcode, args = instruction
        if opcode == INTERNAL:
            heard.pings.append(instruction)
        elif opcode == "sync":
            heard.drawn = max(heard.drawn or 0, int(args[0]))
        elif opcode == "disconnect":
            heard.leaves = True
        elif opcode == "size":
            heard.size = (int(args[0]), int(args[1]))

    def _hear_input(
        self, instruction: Instruction, heard: Heard, age: float, open: bool
    ) -> None:
        opcode, args = instruction
        if opcode in INPUT:
            heard.active = True
        if not open:
            return  # what was held has been released already
        if age > STALE_SECONDS and opcode in ("key", "mouse", "touch"):
            released = self.pressed.lets_go(instruction)
            if released is None:
                heard.discarded += 1
                return
            instruction = released
        if opcode == "clipboard":
            self.open_streams.add(args[0])
        elif opcode == "end":
            self.open_streams.discard(args[0])
        self.pressed.note(instruction)
        heard.forward.append(instruction)


def input_values(instruction: Instruction) -> tuple[str, tuple[int | str, ...]] | None:
    """Kind and values for the input track; None for what is no input of its own.

    Of a clipboard only the number of bytes is kept: it may hold a password.
    """
    opcode, args = instruction
    if opcode == "key":
        return "key", (int(args[0]), int(args[1]))
    if opcode == "mouse":
        return "mouse", (int(args[0]), int(args[1]), int(args[2]))
    if opcode == "touch":
        return "touch", (int(args[0]), int(args[1]), int(args[2]), args[6])
    if opcode == "blob":
        return "clipboard", (len(args[1]) * 3 // 4,)
    return None


def released_values(instruction: Instruction) -> tuple[int | str, ...]:
    """For the input track: the key, or the button negated, that the portal let go of."""
    opcode, args = instruction
    return (int(args[0]),) if opcode == "key" else (-1,)


def _is_object(args: tuple[str, ...]) -> bool:
    if not args:
        return True
    try:
        value: Any = json.loads(args[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict)
