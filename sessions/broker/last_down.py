"""What may be down on a machine whose line went silent: a release that nobody took is none."""

from __future__ import annotations

from typing import Any

MARGIN_SECONDS = 0.5
"""What went up so shortly before guacd's last word may not have reached the machine."""

Row = list[Any]
Thing = tuple[Any, ...]


class LastDown:
    """Follows the rows of what is held; remembers what went up until guacd is heard again."""

    def __init__(self) -> None:
        self._down: dict[Thing, Row] = {}
        self._went_up: dict[Thing, tuple[float, Row]] = {}

    def follow(self, rows: list[Row], *, now: float, heard_at: float) -> None:
        """`rows` are down now; times in seconds of the event loop's clock."""
        down = {_thing(row): row for row in rows}
        if self._went_up:
            self._went_up = {
                thing: (at, row)
                for thing, (at, row) in self._went_up.items()
                if at >= heard_at - MARGIN_SECONDS
            }
        for thing in self._down.keys() - down.keys():
            self._went_up[thing] = (now, self._down[thing])
        self._down = down

    def since(self, heard_at: float) -> list[Row]:
        """What was down when guacd was heard last, or was pressed after that."""
        doubtful = {
            thing: row
            for thing, (at, row) in self._went_up.items()
            if at >= heard_at - MARGIN_SECONDS
        }
        return list((doubtful | self._down).values())


def _thing(row: Row) -> Thing:
    participant, kind, values = row
    return (participant, kind) if kind == "mouse" else (participant, kind, values[0])
