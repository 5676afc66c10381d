"""What can go wrong with evidence: it cannot be written, or it is not intact."""

from __future__ import annotations


class RecordingFailed(Exception):
    """The recorder cannot write; from here on nothing may be shown or sent."""


class NotIntact(Exception):
    """What was read is not what was written. `finding` is a word of the closed list."""

    def __init__(self, finding: str, where: str = "") -> None:
        self.finding = finding
        self.where = where
        super().__init__(f"{finding}: {where}" if where else finding)


class Torn(NotIntact):
    """The file ends in the middle of a block, as a crash leaves it."""

    def __init__(self, where: str = "") -> None:
        super().__init__("torn", where)
