"""What one participant's browser sends: read, judged, and sorted into what to do with it.

Pure: nothing is sent or stored here. The actor journals what `Heard.forward` holds
before it goes upstream, and does the rest.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sessions.broker.pressed import WHEEL, PressedSet
from sessions.guacamole.errors import ProtocolError
from sessions.guacamole.instruction import UPSTREAM_LIMITS, Instruction, decode_all
from sessions.guacamole.opcodes import INTERNAL, Permissions
from sessions.guacamole.streamfilter import Reason, UpstreamFilter, Verdict
from sessions.recorder.records import InputRecord

MESSAGE_CHARACTERS = 64 * 1024
"""A longer message is refused unread; a browser sends a few instructions at a time."""

PORTAL_WORDS = frozenset({"heartbeat", "leave", "release"})

INPUT = frozenset(
    {"key", "mouse", "touch", "clipboard", "file", "put", "get", "blob", "end"}
)

POINTING = frozenset({"key", "mouse", "touch"})
"""What a hand does in a moment: it goes on in that moment, or never."""

HARMLESS = frozenset({Reason.PERMISSION, Reason.STREAM, Reason.SIZE, Reason.RATE})
"""Refused, and said so, but no reason to show somebody out."""


@dataclass(slots=True)
class Heard:
    """What one message of a participant comes to, in order."""

    forward: list[Instruction] = field(default_factory=list)
    holds: list[int] = field(default_factory=list)
    """Of each key in `forward`, in order: which press it belongs to."""
    pings: list[Instruction] = field(default_factory=list)
    drawn: int | None = None
    size: tuple[int, int] | None = None
    leaves: bool = False
    lets_go: bool = False
    active: bool = False
    """A person did something: the session is not idle."""
    discarded: Counter[str] = field(default_factory=Counter)
    """Presses that were not sent because their picture was too old, by kind."""
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

    def hear(self, text: str, *, stale: bool, open: bool) -> Heard:
        """One message. `stale`: the picture it was made on is too old. `open`: whether
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
            self._hear_one(instruction, heard, stale, open)
            if heard.show_out is not None:
                break
        return heard

    def _hear_one(
        self, instruction: Instruction, heard: Heard, stale: bool, open: bool
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
                if judgement.reason is Reason.RATE and opcode in POINTING:
                    self._admit(instruction, heard, fresh=False)
            else:
                heard.show_out = (opcode[:40], judgement.reason.name.lower())
            return
        if judgement.verdict is Verdict.ACTOR:
            self._hear_for_actor(instruction, heard)
            return
        self._hear_input(instruction, heard, stale, open)

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
        self, instruction: Instruction, heard: Heard, stale: bool, open: bool
    ) -> None:
        opcode, args = instruction
        if opcode in INPUT:
            heard.active = True
        if opcode in POINTING:
            kept_back = self._admit(instruction, heard, fresh=open and not stale)
            if open and kept_back is not None:
                heard.discarded.update(kept_back)
            return
        if not open:
            return  # what was held has been released already
        if opcode == "clipboard":
            self.open_streams.add(args[0])
        elif opcode == "end":
            self.open_streams.discard(args[0])
        heard.forward.append(instruction)

    def _admit(
        self, instruction: Instruction, heard: Heard, *, fresh: bool
    ) -> dict[str, int] | None:
        """Forward what may go; the presses that may not. That the pointer moved is no press."""
        admitted = self.pressed.admit(instruction, fresh=fresh)
        if admitted.instruction is not None:
            heard.forward.append(admitted.instruction)
            if admitted.instruction.opcode == "key":
                heard.holds.append(admitted.hold)
        if admitted.kept_back in ("", "move"):
            return None
        return {admitted.kept_back: admitted.presses}


def records_of(heard: Heard, user_id: int) -> list[InputRecord]:
    """What goes on of a message, as the input track has it."""
    records = []
    holds = iter(heard.holds)
    for instruction in heard.forward:
        found = input_values(instruction)
        if found is None:
            continue
        kind, values = found
        if kind == "key":
            values = (*values, next(holds))
        records.append(InputRecord(user_id, kind, values))
    return records


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


def kind_of_press(instruction: Instruction) -> str:
    """What a person would call it: click, key, touch or scroll; empty for all else."""
    opcode, args = instruction
    if opcode == "key" and args[1] == "1":
        return "key"
    if opcode == "touch" and float(args[6]) > 0:
        return "touch"
    if opcode == "mouse" and int(args[2]):
        return "scroll" if int(args[2]) & WHEEL else "click"
    return ""


def release_values(instruction: Instruction) -> tuple[str, tuple[int | str, ...]]:
    """Kind and values for the input track of what the portal sent to let go: the key, or
    the button negated; and what is no release in it, as if a person had done it."""
    opcode, args = instruction
    if opcode == "key" and args[1] == "0":
        return "release", (int(args[0]),)
    values = input_values(instruction)
    assert values is not None
    if (opcode == "mouse" and args[2] == "0") or (opcode == "touch" and args[6] == "0"):
        return "release", (-1,)
    return values


def _is_object(args: tuple[str, ...]) -> bool:
    if not args:
        return True
    try:
        value: Any = json.loads(args[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict)
