"""One line of the timeline of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accessportal.accounts.models import User


@dataclass(frozen=True)
class Happening:
    """When, what, who did it (None: the clock or the portal), and in whose words."""

    at: datetime
    title: str
    icon: str
    tone: str = "quiet"
    by: User | None = None
    text: str = ""
