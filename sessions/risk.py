"""Signals that a start is unusual, and what follows from each: one table, set as data.

At a start a signal is only shown, told to IT security, asks for a second factor of the
last minute, or refuses. While a session lasts none of them does anything by itself: a new
country is a new address, and that freezes and asks for a step-up (`sessions.endings`);
the hours were judged at approval. Whoever tries somebody else's password must not be able
to stop that person's work, so failed sign-ins weigh at a start only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Follows(StrEnum):
    """What follows from a signal; each includes the ones before it."""

    ALLOW = "allow"
    TELL = "tell"
    STEP_UP = "step-up"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Signal:
    code: str
    words: str | Promise
    usually: Follows

    @property
    def follows(self) -> Follows:
        """As the plant sets it (`PORTAL_RISK`), else as it usually is."""
        return Follows(settings.RISK.get(self.code, self.usually))


TABLE: tuple[Signal, ...] = (
    Signal(
        "new_browser", _("A browser this person never worked with"), Follows.STEP_UP
    ),
    Signal("new_country", _("A country this person never worked from"), Follows.STEP_UP),
    Signal("refused_lately", _("Refused several times in the last hour"), Follows.STEP_UP),
    Signal("out_of_hours", _("Outside the hours at which the site is staffed"), Follows.ALLOW),
)  # fmt: skip

SIGNALS: dict[str, Signal] = {signal.code: signal for signal in TABLE}


def words_of(codes: list[str]) -> list[str | Promise]:
    """The signals as a page says them; a code of another release is left out."""
    return [SIGNALS[code].words for code in codes if code in SIGNALS]
