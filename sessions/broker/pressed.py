"""Never press, always release: which keys and buttons one participant holds down.

guacd sends no release for a user who vanishes, and an HMI button then stays pressed for
over 40 s (measured). So the actor knows what is held, and releases it.

A press goes on in the moment it is made, or never: what could not go (the picture was
old, input stood still) and what the portal let go of itself is *spent*. It presses
nothing any more until the person has really let go of it, however often the browser
repeats that it is down (decision 29).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sessions.guacamole.instruction import Instruction

WHEEL = 8 | 16
"""The wheel's "buttons" are clicks of an instant; nobody holds them."""

BUTTONS = 7 | 32 | 64

CONTROL = "65507"
ALT_AND_WIN = frozenset({"65511", "65512", "65513", "65514", "65515", "65516"})
"""Meta, Alt and Super (X11 keysyms), left and right: let go of alone, they open a menu."""

MODIFIERS = ALT_AND_WIN | {
    "65505",
    "65506",
    "65507",
    "65508",
    "65517",
    "65518",
    "65027",
}

EDGE = 100
"""Nearer to the screen's left edge than this (pixels), dragging off goes to the right."""


class Admitted(NamedTuple):
    """What of an instruction goes on, and what of it does not: its kind, and how many."""

    instruction: Instruction | None
    kept_back: str = ""
    presses: int = 0
    hold: int = 0
    """Of a key: which of this person's presses it belongs to; a repeat has its press's."""


NOTHING = Admitted(None)


class PressedSet:
    """Follows what goes upstream; says what must be sent to let go of all of it."""

    def __init__(self) -> None:
        self.keys: dict[str, int] = {}
        """Which are down, and which of the presses (from 1) each of them is."""
        self.buttons = 0
        self.position = ("0", "0")
        self.touches: dict[str, tuple[str, ...]] = {}
        self._spent_keys: set[str] = set()
        self._spent_buttons = 0
        self._spent_touches: set[str] = set()
        self._wheel = 0
        self._key_presses = 0
        self._last_pressed = ""  # a key, as long as nothing else was pressed after it

    def __bool__(self) -> bool:
        return bool(self.keys or self.buttons or self.touches)

    # --- What a person does -------------------------------------------------------------

    def admit(self, instruction: Instruction, *, fresh: bool) -> Admitted:
        """What of a key, mouse or touch may go upstream now; what goes is followed.

        fresh: made on a picture young enough, while input may pass. If not, only what
        releases goes on, in place; a press is kept back and spent.
        """
        opcode = instruction.opcode
        if opcode == "key":
            admitted = self._admit_key(instruction, fresh)
        elif opcode == "mouse":
            admitted = self._admit_mouse(instruction, fresh)
        else:
            admitted = self._admit_touch(instruction, fresh)
        if admitted.instruction is not None:
            return admitted._replace(hold=self.note(admitted.instruction))
        return admitted

    def _admit_key(self, instruction: Instruction, fresh: bool) -> Admitted:
        keysym, pressed = instruction.args[:2]
        if pressed == "0":
            spent = keysym in self._spent_keys
            self._spent_keys.discard(keysym)
            if keysym in self.keys or (fresh and not spent):
                return Admitted(instruction)
            return NOTHING
        if keysym in self._spent_keys:
            return NOTHING
        if fresh:
            return Admitted(instruction)
        if keysym in self.keys:
            return NOTHING  # the browser repeats what is held
        self._spent_keys.add(keysym)
        return Admitted(None, "key", 1)

    def _admit_mouse(self, instruction: Instruction, fresh: bool) -> Admitted:
        x, y, mask = instruction.args[0], instruction.args[1], int(instruction.args[2])
        wheel = mask & WHEEL & ~self._wheel
        self._wheel = mask & WHEEL
        self._spent_buttons &= mask
        if fresh:
            allowed = mask & ~self._spent_buttons
            if allowed == mask:
                return Admitted(instruction)
            return Admitted(Instruction("mouse", (x, y, str(allowed))))
        new = mask & BUTTONS & ~self.buttons & ~self._spent_buttons
        self._spent_buttons |= new
        if new:
            kind, count = "click", new.bit_count()
        else:
            kind, count = ("scroll", 1) if wheel else ("move", 1)
        still = self.buttons & mask
        if still != self.buttons:
            release = Instruction("mouse", (*self.position, str(still)))
            return Admitted(release, kind if new else "", count if new else 0)
        return Admitted(None, kind, count)

    def _admit_touch(self, instruction: Instruction, fresh: bool) -> Admitted:
        finger = instruction.args[0]
        if float(instruction.args[6]) <= 0:
            self._spent_touches.discard(finger)
            if finger not in self.touches:
                return NOTHING
            if fresh:
                return Admitted(instruction)
            return Admitted(Instruction("touch", (finger, *self.touches[finger], "0")))
        if finger in self._spent_touches:
            return NOTHING
        if fresh:
            return Admitted(instruction)
        if finger in self.touches:
            return Admitted(None, "move", 1)
        self._spent_touches.add(finger)
        return Admitted(None, "touch", 1)

    def note(self, instruction: Instruction) -> int:
        """One instruction goes upstream now; of a key, which press it belongs to."""
        opcode, args = instruction
        if opcode == "key":
            if args[1] == "0":
                return self.keys.pop(args[0], 0)
            self._last_pressed = args[0]
            if args[0] not in self.keys:
                self._key_presses += 1
            return self.keys.setdefault(args[0], self._key_presses)
        if opcode == "mouse":
            mask = int(args[2])
            if mask & ~self.buttons:
                self._last_pressed = ""
            self.position = (args[0], args[1])
            self.buttons = mask & BUTTONS
        elif opcode == "touch":
            if float(args[6]) > 0:
                self.touches[args[0]] = args[1:6]
                self._last_pressed = ""
            else:
                self.touches.pop(args[0], None)
        return 0

    # --- What the portal does -----------------------------------------------------------

    def let_go(self, *, drag_off: bool = False) -> list[Instruction]:
        """Everything that must go upstream to release all; nothing is held after it.

        In an order that triggers nothing: what points first, while the modifiers that
        gave it its meaning are still down; then the keys, the last one first; then the
        modifiers. An Alt or a Win key with nothing pressed after it would open a menu
        when it goes up alone, so Ctrl is tapped before.
        """
        releases = self._pointing_let_go(drag_off)
        keys = list(reversed(self.keys))
        modifiers = [keysym for keysym in keys if keysym in MODIFIERS]
        releases += [
            Instruction("key", (keysym, "0"))
            for keysym in keys
            if keysym not in MODIFIERS
        ]
        lone = self._last_pressed in self.keys and self._last_pressed in ALT_AND_WIN
        if lone and CONTROL not in self.keys:
            releases += [
                Instruction("key", (CONTROL, "1")),
                Instruction("key", (CONTROL, "0")),
            ]
        releases += [Instruction("key", (keysym, "0")) for keysym in modifiers]

        self._spent_keys.update(self.keys)
        self._spent_buttons |= self.buttons
        self._spent_touches.update(self.touches)
        self.keys = {}
        self.buttons = 0
        self.touches = {}
        self._last_pressed = ""
        return releases

    def _pointing_let_go(self, drag_off: bool) -> list[Instruction]:
        releases = []
        if self.buttons:
            if drag_off:
                self.position = _beside(*self.position)
                held = (*self.position, str(self.buttons))
                releases.append(Instruction("mouse", held))
            releases.append(Instruction("mouse", (*self.position, "0")))
        for finger, place in self.touches.items():
            if drag_off:
                place = (*_beside(place[0], place[1]), *place[2:])
                releases.append(Instruction("touch", (finger, *place, "0.5")))
            releases.append(Instruction("touch", (finger, *place, "0")))
        return releases

    def as_rows(self, participant: int) -> list[list[Any]]:
        """`BrokeredSession.held_input`: [participant, kind, values]."""
        rows: list[list[Any]] = [
            [participant, "key", [keysym, hold]] for keysym, hold in self.keys.items()
        ]
        if self.buttons:
            rows.append([participant, "mouse", [*self.position, str(self.buttons)]])
        rows += [
            [participant, "touch", [finger, *place]]
            for finger, place in self.touches.items()
        ]
        return rows


def releases_of(rows: list[list[Any]], *, drag_off: bool = False) -> list[Instruction]:
    """What a restarted or adopting broker sends for the rows that a dead one left."""
    pressed = PressedSet()
    for _participant, kind, values in rows:
        if kind == "mouse":
            pressed.note(Instruction("mouse", tuple(values)))
        elif kind == "touch":
            pressed.note(Instruction("touch", (*values, "1")))
    for _participant, kind, values in rows:
        if kind == "key":
            pressed.note(Instruction("key", (values[0], "1")))
    return pressed.let_go(drag_off=drag_off)


def _beside(x: str, y: str) -> tuple[str, str]:
    """A place off what was pressed: the screen's left edge, on the same height, so that an
    upright slider keeps its value; from near that edge a little to the right."""
    return ("0", y) if int(x) >= EDGE else (str(max(int(x), 0) + 2 * EDGE), y)
