"""What can go wrong with evidence: it cannot be written, or it is not intact."""

from __future__ import annotations

import errno

DISK_FULL = "disk_full"
STORAGE_REFUSES = "storage_refuses"
STORAGE_SILENT = "storage_silent"
TOO_SLOW = "too_slow"
KEY_MISSING = "key_missing"
RECORDER_FAULT = "recorder_fault"
GUACD_CLOCK = "guacd_clock"
PORTAL_CLOCK = "portal_clock"
NO_PICTURE = "no_picture"

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class RecordingFailed(Exception):
    """The recorder cannot write. `code` says why in a word of the list above; `track` is
    the track that failed (`container.SCREEN` or `INPUT`), empty where none is open yet."""

    def __init__(
        self, message: str, code: str = RECORDER_FAULT, *, track: str = ""
    ) -> None:
        self.code = code
        self.track = track
        super().__init__(message)


class StillWriting(RecordingFailed):
    """The storage has not answered, and may write yet. The file now belongs to whoever
    waits for that, and is closed there."""

    def __init__(self) -> None:
        super().__init__("The storage does not answer.", STORAGE_SILENT)


def refused(where: str, error: OSError) -> RecordingFailed:
    """What a refusal of the operating system means."""
    code = DISK_FULL if error.errno in FULL else STORAGE_REFUSES
    return RecordingFailed(f"{where}: {error.strerror}", code)


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
