"""Never press, always release: which keys and buttons one participant holds down.

guacd sends no release for a user who vanishes, and an HMI button then stays pressed for
over 40 s (measured). So the actor knows what is held, and releases it.
"""

from __future__ import annotations

from typing import Any

from sessions.guacamole.instruction import Instruction

WHEEL = 8 | 16
"""The wheel's "buttons" are clicks of an instant; nobody holds them."""

BUTTONS = 7 | 32 | 64


class PressedSet:
    """Follows what goes upstream; says what must be sent to let go of all of it."""

    def __init__(self) -> None:
        self.keys: dict[str, None] = {}
        self.buttons = 0
        self.position = ("0", "0")
        self.touches: dict[str, tuple[str, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self.keys or self.buttons or self.touches)

    def note(self, instruction: Instruction) -> None:
        """One instruction goes upstream now."""
        opcode, args = instruction
        if opcode == "key":
            if args[1] == "1":
                self.keys[args[0]] = None
            else:
                self.keys.pop(args[0], None)
        elif opcode == "mouse":
            self.position = (args[0], args[1])
            self.buttons = int(args[2]) & BUTTONS
        elif opcode == "touch":
            if float(args[6]) > 0:
                self.touches[args[0]] = args[1:6]
            else:
                self.touches.pop(args[0], None)

    def lets_go(self, instruction: Instruction) -> Instruction | None:
        """What of an instruction only releases: as an instruction that does just that.

        For input made on an old picture: a release always goes through, in place, and
        nothing else does. None when there is nothing in it to release.
        """
        opcode, args = instruction
        if opcode == "key" and args[1] == "0" and args[0] in self.keys:
            return instruction
        if opcode == "mouse":
            still = self.buttons & int(args[2])
            if still != self.buttons:
                return Instruction("mouse", (*self.position, str(still)))
        if opcode == "touch" and float(args[6]) <= 0 and args[0] in self.touches:
            return Instruction("touch", (args[0], *self.touches[args[0]], "0"))
        return None

    def let_go(self) -> list[Instruction]:
        """Everything that must go upstream to release all; nothing is held after it."""
        releases = []
        if self.buttons:
            releases.append(Instruction("mouse", (*self.position, "0")))
        releases += [
            Instruction("touch", (finger, *place, "0"))
            for finger, place in self.touches.items()
        ]
        # The last key first: modifiers, pressed first, are let go of last.
        releases += [
            Instruction("key", (keysym, "0")) for keysym in reversed(self.keys)
        ]
        self.keys = {}
        self.buttons = 0
        self.touches = {}
        return releases

    def as_rows(self, participant: int) -> list[list[Any]]:
        """`BrokeredSession.held_input`: [participant, kind, values]."""
        rows: list[list[Any]] = [[participant, "key", [keysym]] for keysym in self.keys]
        if self.buttons:
            rows.append([participant, "mouse", [*self.position, str(self.buttons)]])
        rows += [
            [participant, "touch", [finger, *place]]
            for finger, place in self.touches.items()
        ]
        return rows


def releases_of(rows: list[list[Any]]) -> list[Instruction]:
    """What a restarted broker sends for the rows that a dead one left."""
    pressed = PressedSet()
    for _participant, kind, values in rows:
        if kind == "key":
            pressed.note(Instruction("key", (values[0], "1")))
        elif kind == "mouse":
            pressed.note(Instruction("mouse", tuple(values)))
        elif kind == "touch":
            pressed.note(Instruction("touch", (*values, "1")))
    return pressed.let_go()
