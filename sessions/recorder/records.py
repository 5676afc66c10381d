"""What the input track holds: one line of JSON for each thing that was done or happened.

    [ms, kind, user id or null, payload]

`ms` counts from the recording's first picture. Input has a list of values as payload,
marks have an object. Key values stand here only where the site's policy says so: they
may be passwords.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sessions.recorder.errors import NotIntact

INPUT_KINDS = frozenset(
    {
        "key",
        "mouse",
        "touch",
        "clipboard",
        "file",
        "size",
        "blocked",
        "discarded",
        "release",
    }
)
MARK_KINDS = frozenset(
    {
        "opened",
        "joined",
        "left",
        "frozen",
        "unfrozen",
        "warning",
        "message",
        "acknowledged",
        "baton",
        "charge",
        "step",
        "step_ended",
        "attended",
        "attendance_due",
        "extended",
        "recalled",
        "recall_seen",
        "gap",
        "clock",
        "unrecorded",
        "ended",
    }
)


class InputRecord(NamedTuple):
    """What a participant sent. Values by kind:

    key (keysym, pressed, and which of this person's presses it is part of, if known),
    mouse (x, y, buttons), touch (id, x, y, force),
    clipboard (bytes), file (bytes), size (width, height), blocked (opcode, reason),
    discarded (click, key, touch or scroll; how many; age of their picture in ms),
    release (keysym, or minus the number of a mouse button).
    """

    user_id: int | None
    kind: str
    values: tuple[int | float | str, ...] = ()


class Line(NamedTuple):
    """One line of the input track, read back."""

    ms: int
    kind: str
    user_id: int | None
    payload: Any


def encode_input(ms: int, records: Iterable[InputRecord], *, with_keys: bool) -> bytes:
    """The lines of `records`. Raises `ValueError` for a kind outside the list."""
    lines = []
    for record in records:
        if record.kind not in INPUT_KINDS:
            raise ValueError(f"{record.kind!r} is not a kind of input.")
        lines.append(_line(ms, record.kind, record.user_id, _values(record, with_keys)))
    return "".join(lines).encode()


def encode_mark(ms: int, kind: str, user_id: int | None, data: dict[str, Any]) -> bytes:
    """The line of a mark. Raises `ValueError` for a kind outside the list."""
    if kind not in MARK_KINDS:
        raise ValueError(f"{kind!r} is not a kind of mark.")
    return _line(ms, kind, user_id, data).encode()


def decode_lines(plain: bytes) -> list[Line]:
    """The lines of one block. Raises `NotIntact`."""
    try:
        return [Line(*json.loads(line)) for line in plain.splitlines()]
    except (ValueError, TypeError) as error:
        raise NotIntact("input_unreadable", str(error)) from None


def _values(record: InputRecord, with_keys: bool) -> Sequence[int | float | str | None]:
    if with_keys:
        return record.values
    if record.kind == "key":
        return (None, *record.values[1:])
    if record.kind == "release" and record.values and int(record.values[0]) > 0:
        return (None,)
    return record.values


def _line(ms: int, kind: str, user_id: int | None, payload: Any) -> str:
    line = json.dumps(
        [ms, kind, user_id, payload], separators=(",", ":"), ensure_ascii=False
    )
    return line + "\n"
