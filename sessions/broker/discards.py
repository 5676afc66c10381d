"""What a person did on an old picture: counted for a moment, then said once and written down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

TELL_SECONDS = 0.3
"""What a stalled link brings comes all at once: it is counted together."""

KINDS: dict[str, Any] = {
    "click": ngettext_lazy("%(count)d click", "%(count)d clicks", "count"),
    "key": ngettext_lazy("%(count)d key", "%(count)d keys", "count"),
    "touch": ngettext_lazy("%(count)d touch", "%(count)d touches", "count"),
    "scroll": ngettext_lazy(
        "%(count)d turn of the wheel", "%(count)d turns of the wheel", "count"
    ),
}
"""Every kind that `PressedSet` keeps back and that a person would call something done."""


class Discards:
    """Of one participant. `tell(counts, age)`: age in seconds, of the oldest picture."""

    def __init__(self, tell: Callable[[Counter[str], float], None]) -> None:
        self._tell = tell
        self._counts: Counter[str] = Counter()
        self._age = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, counts: Counter[str], age: float) -> None:
        self._counts.update(counts)
        self._age = max(self._age, age)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(TELL_SECONDS, self.flush)

    def flush(self) -> None:
        """Tell now what is still untold."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        counts, self._counts = self._counts, Counter()
        age, self._age = self._age, 0.0
        if counts:
            self._tell(counts, age)


def sentence_of(counts: Counter[str], age: float) -> str:
    """`3 clicks and 2 keys not sent: your picture was 4 s old.` In the active language."""
    parts = [
        str(KINDS[kind] % {"count": counts[kind]}) for kind in KINDS if counts[kind]
    ]
    what = parts[0]
    if len(parts) > 1:
        what = _("%(first)s and %(last)s") % {
            "first": ", ".join(parts[:-1]),
            "last": parts[-1],
        }
    digits = 1 if age < 2 else 0
    words = {"what": what, "age": number_format(round(age, digits), digits)}
    said = ngettext(
        "%(what)s not sent: your picture was %(age)s s old. Look at the new one, then repeat it.",
        "%(what)s not sent: your picture was %(age)s s old. Look at the new one, then repeat them.",
        sum(counts.values()),
    )
    return said % words
