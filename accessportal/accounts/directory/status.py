"""Whether the directory answered last time: kept for a minute, so that nobody waits in vain."""

from __future__ import annotations

from django.core.cache import cache

from accessportal import audit
from accessportal.accounts.directory.people import DirectoryDown

KEY = "directory.down"
REMEMBERED_SECONDS = 60
# So long nobody tries again: each try of a hanging server holds a thread for seconds.
SPARED_SECONDS = 10


def directory_is_down() -> bool:
    return cache.get(KEY) is not None


def spare_a_dead_one() -> None:
    """Raises `DirectoryDown` at once when it did not answer just now."""
    cause = cache.get(f"{KEY}.just_now")
    if cause is not None:
        raise DirectoryDown(cause)


def note_down(error: DirectoryDown) -> None:
    """Remember it, and tell the trail once."""
    first = cache.get(KEY) is None
    cache.set(KEY, error.cause, REMEMBERED_SECONDS)
    cache.set(f"{KEY}.just_now", error.cause, SPARED_SECONDS)
    if first:
        audit.record("directory.lost", result="failed", reason=error.cause)


def note_up() -> None:
    if cache.get(KEY) is not None:
        cache.delete_many([KEY, f"{KEY}.just_now"])
        audit.record("directory.reached")
