"""Why a session ends, and on whose word."""

from __future__ import annotations

from dataclasses import dataclass

from accessportal.accounts.models import User
from sessions.broker.seat import CloseCode
from sessions.sentences import Sentence


@dataclass(frozen=True)
class End:
    """`reason` is a `BrokeredSession.EndReason`; `failure` a stable key of what went wrong."""

    reason: str
    acting_user: User | None = None
    note: str = ""
    failure: str = ""
    guacd_status: int | None = None
    sentence: Sentence = ""
    close_code: int = CloseCode.ENDED
    hands_over: bool = False
    """Not an end, if another broker takes the session now."""
