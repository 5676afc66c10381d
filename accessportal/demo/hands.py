"""Somebody's hands on a demo machine: moving, clicking, holding, typing, at a human pace.

A script is a list of moves. Each yields what goes to guacd and how long the hand then
rests, so that a recording of it looks like work and not like a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

STEP_SECONDS = 0.04
STEP_PIXELS = 45
KEYSTROKE_SECONDS = 0.11
RETURN, BACKSPACE = 0xFF0D, 0xFF08
LEFT = 1


@dataclass(frozen=True)
class Rest:
    seconds: float


@dataclass(frozen=True)
class Click:
    """Go to a place and press the left button for so long."""

    x: int
    y: int
    hold: float = 0.12


@dataclass(frozen=True)
class Type:
    """Type a line; it ends with Enter unless told otherwise."""

    text: str
    enter: bool = True
    backspaces: int = 0


Move = Rest | Click | Type


@dataclass(frozen=True)
class Gesture:
    """One input as guacd takes it, and the seconds until the next one."""

    opcode: str
    values: tuple[int, ...]
    rest: float


def gestures(script: list[Move]) -> Iterator[Gesture | Rest]:
    """The script as single inputs and rests."""
    x, y = 640, 400
    for move in script:
        if isinstance(move, Rest):
            yield move
        elif isinstance(move, Click):
            yield from _way(x, y, move.x, move.y)
            x, y = move.x, move.y
            yield Gesture("mouse", (x, y, LEFT), move.hold)
            yield Gesture("mouse", (x, y, 0), 0.35)
        else:
            for _ in range(move.backspaces):
                yield from _stroke(BACKSPACE)
            for character in move.text:
                yield from _stroke(ord(character))
            if move.enter:
                yield from _stroke(RETURN)


def _stroke(keysym: int) -> Iterator[Gesture]:
    yield Gesture("key", (keysym, 1), KEYSTROKE_SECONDS / 2)
    yield Gesture("key", (keysym, 0), KEYSTROKE_SECONDS / 2)


def _way(x: int, y: int, to_x: int, to_y: int) -> Iterator[Gesture]:
    steps = max(1, round(max(abs(to_x - x), abs(to_y - y)) / STEP_PIXELS))
    for step in range(1, steps + 1):
        at = (x + (to_x - x) * step // steps, y + (to_y - y) * step // steps)
        yield Gesture("mouse", (*at, 0), STEP_SECONDS)
