"""What happened when, made small: the input track of hours as a few hundred spans.

All times are milliseconds since the recording's first picture. Lists are bounded: when
there are too many spans, neighbours are joined over longer and longer pauses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sessions.recorder.records import MARK_KINDS, Line

MAX_SPANS = 1000
TYPING_PAUSE_MS = 3_000
CLICK_PAUSE_MS = 1_000
POINTER_PAUSE_MS = 5_000
SCROLL_BUTTONS = 0b11000


class Spans:
    """Times joined to [first, last, how many] where the pause between is short."""

    def __init__(self, pause_ms: int) -> None:
        self._pause_ms = pause_ms
        self._spans: list[list[int]] = []

    def add(self, ms: int, count: int = 1) -> None:
        if self._spans and ms - self._spans[-1][1] <= self._pause_ms:
            self._spans[-1][1] = max(self._spans[-1][1], ms)
            self._spans[-1][2] += count
            return
        self._spans.append([ms, ms, count])
        while len(self._spans) > MAX_SPANS:
            self._join_more()

    def as_list(self) -> list[list[int]]:
        return self._spans

    def _join_more(self) -> None:
        self._pause_ms *= 2
        joined: list[list[int]] = []
        for span in self._spans:
            if joined and span[0] - joined[-1][1] <= self._pause_ms:
                joined[-1][1] = span[1]
                joined[-1][2] += span[2]
            else:
                joined.append(span)
        self._spans = joined


class SpansOfPeople:
    """`Spans` of each person's own: as [first, last, how many, user id]."""

    def __init__(self, pause_ms: int) -> None:
        self._pause_ms = pause_ms
        self._spans: dict[int | None, Spans] = {}

    def add(self, ms: int, user_id: int | None) -> None:
        self._spans.setdefault(user_id, Spans(self._pause_ms)).add(ms)

    def as_list(self) -> list[list[int | None]]:
        found: list[list[int | None]] = [
            [*span, user_id]
            for user_id, spans in self._spans.items()
            for span in spans.as_list()
        ]
        return sorted(found, key=lambda span: span[0] or 0)


class Timeline:
    """Built line by line, in order."""

    def __init__(self) -> None:
        self._typing = SpansOfPeople(TYPING_PAUSE_MS)
        self._clicks = SpansOfPeople(CLICK_PAUSE_MS)
        self._pointer = Spans(POINTER_PAUSE_MS)
        self._blocked = Spans(CLICK_PAUSE_MS)
        self._transfers: list[list[Any]] = []
        self._marks: list[list[Any]] = []
        self._frozen: list[list[Any]] = []
        self._watching: list[list[Any]] = []
        self._hands: list[list[Any]] = []
        self._steps: list[list[Any]] = []
        self._people: dict[int, str] = {}
        self._buttons: dict[int | None, int] = {}

    def feed(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if line.kind in MARK_KINDS:
                self._mark(line)
            else:
                self._input(line)

    def as_dict(self, duration_ms: int) -> dict[str, Any]:
        """Everything as JSON; spans still open end with the recording."""
        for span in (*self._frozen, *self._watching, *self._hands, *self._steps):
            if span[1] is None:
                span[1] = max(duration_ms, span[0])
        return {
            "typing": self._typing.as_list(),
            "clicks": self._clicks.as_list(),
            "pointer": self._pointer.as_list(),
            "blocked": self._blocked.as_list(),
            "transfers": self._transfers,
            "frozen": self._frozen,
            "watching": self._watching,
            "hands": self._hands,
            "steps": self._steps,
            "people": {str(key): name for key, name in self._people.items()},
            "marks": self._marks,
        }

    def _input(self, line: Line) -> None:
        values = line.payload
        if line.kind == "key":
            if len(values) > 1 and values[1]:
                self._typing.add(line.ms, line.user_id)
        elif line.kind == "mouse":
            self._mouse(line, values)
        elif line.kind == "touch":
            self._clicks.add(line.ms, line.user_id)
        elif line.kind == "blocked":
            self._blocked.add(line.ms)
        elif line.kind in ("clipboard", "file") and len(self._transfers) < MAX_SPANS:
            self._transfers.append([line.ms, line.kind, values[0] if values else None])

    def _mouse(self, line: Line, values: list[Any]) -> None:
        self._pointer.add(line.ms)
        buttons = int(values[2]) if len(values) > 2 else 0
        before = self._buttons.get(line.user_id, 0)
        if buttons & ~before & ~SCROLL_BUTTONS:
            self._clicks.add(line.ms, line.user_id)
        self._buttons[line.user_id] = buttons

    def _mark(self, line: Line) -> None:
        data = line.payload if isinstance(line.payload, dict) else {}
        if line.kind in ("joined", "baton") and line.user_id is not None:
            self._people[line.user_id] = str(data.get("name", ""))
            self._hand(line, str(data.get("role", "")))
        if line.kind in ("frozen", "unfrozen"):
            self._thaw(line.ms)
        if line.kind == "frozen":
            self._frozen.append([line.ms, None, data.get("reason", "")])
        elif line.kind == "joined" and data.get("role") == "observer":
            self._watching.append([line.ms, None, data.get("name", ""), line.user_id])
        elif line.kind == "left" and data.get("role") == "observer":
            for span in self._watching:
                if span[3] == line.user_id and span[1] is None:
                    span[1] = line.ms
        elif line.kind in ("step", "step_ended"):
            self._step(line, str(data.get("what", "")))
        if line.kind != "opened" and len(self._marks) < MAX_SPANS:
            self._marks.append([line.ms, line.kind, line.user_id, data])

    def _thaw(self, ms: int) -> None:
        """One freeze takes over from another, or input goes on."""
        if self._frozen and self._frozen[-1][1] is None:
            self._frozen[-1][1] = ms

    def _step(self, line: Line, what: str) -> None:
        """A critical step from its acceptance to its end: [from, to, what]."""
        running = bool(self._steps) and self._steps[-1][1] is None
        if line.kind == "step_ended":
            if running:
                self._steps[-1][1] = line.ms
        elif not running and len(self._steps) < MAX_SPANS:
            self._steps.append([line.ms, None, what])

    def _hand(self, line: Line, role: str) -> None:
        """Whose hands work from here on: [from, to, user id, role]. The owner's at first."""
        if line.kind == "joined" and (self._hands or role != "owner"):
            return
        if self._hands:
            self._hands[-1][1] = line.ms
        if len(self._hands) < MAX_SPANS:
            self._hands.append([line.ms, None, line.user_id, role])


def activity_levels(
    segments: Iterable[Sequence[Sequence[int]]], duration_ms: int, buckets: int
) -> list[int]:
    """How many bytes the screen changed by, in `buckets` equal parts of the recording.

    segments: the (position, plain bytes) of each block, by segment. The first block of a
    segment is its picture and no change; the others are spread over the time since the
    block before.
    """
    levels = [0.0] * buckets
    scale = buckets / max(duration_ms, 1)
    for blocks in segments:
        for (before_ms, _bytes), (ms, plain_bytes) in zip(
            blocks, blocks[1:], strict=False
        ):
            first = min(buckets - 1, int(before_ms * scale))
            last = min(buckets - 1, max(first, int(ms * scale)))
            share = plain_bytes / (last - first + 1)
            for bucket in range(first, last + 1):
                levels[bucket] += share
    return [round(level) for level in levels]
