"""Redis or the database is away: said once in full, then once a minute, not once a try.

Everything that loops tries again by itself; a log full of the same traceback would hide
what else happens meanwhile.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from django.db import DatabaseError

REPEAT_SECONDS = 60.0

_AWAY_NAMES = frozenset({"RedisError", "OperationalError", "InterfaceError"})


class OneLine(logging.Formatter):
    """A record's message on one line: what somebody sent cannot begin another one.

    Line breaks and control characters are written as in Python's source, so that a log can
    neither be forged nor command the terminal of who reads it. A traceback keeps its lines.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = printable(record.message)
        return super().formatMessage(record)


def printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )


class OncePerMinute(logging.Filter):
    """Lets one record a minute through for each sentence about a service that is away."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        error = next((one for one in _errors_of(record) if is_away(one)), None)
        if error is None:
            return True
        key = (record.name, str(record.msg), type(error).__name__)
        now = self._clock()
        said_at, unsaid = self._said.get(key, (float("-inf"), 0))
        if now - said_at < REPEAT_SECONDS:
            self._said[key] = (said_at, unsaid + 1)
            return False
        self._said[key] = (now, 0)
        if unsaid:
            record.msg = f"{record.msg} ({unsaid} more times in the last minute)"
            record.exc_info = record.exc_text = None
        return True


def is_away(error: BaseException) -> bool:
    """Whether an error says that a service of ours does not answer."""
    if isinstance(error, (ConnectionError, TimeoutError, DatabaseError)):
        return True
    return any(kind.__name__ in _AWAY_NAMES for kind in type(error).__mro__)


def _errors_of(record: logging.LogRecord) -> Iterator[BaseException]:
    if record.exc_info and record.exc_info[1] is not None:
        yield record.exc_info[1]
    arguments = record.args if isinstance(record.args, tuple) else ()
    yield from (one for one in arguments if isinstance(one, BaseException))
