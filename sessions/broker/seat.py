"""One person's place in a live session: the picture, the hands, the language, the row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import translation

from accessportal.accounts.models import User
from sessions.broker.discards import Discards
from sessions.broker.hands import Hands
from sessions.broker.viewer import Viewer
from sessions.models import Participant
from sessions.sentences import Sentence


class CloseCode:
    """Why a tunnel closes, for the page (RFC 6455: 4000 to 4999 are ours)."""

    ENDED = 4000
    LEFT = 4001
    REPLACED = 4002
    NOT_WELCOME = 4003
    BLOCKED = 4008
    FLOOD = 4009
    RESTART = 4012
    NOT_HEARD = 4013
    NOT_HERE = 4404


@dataclass(slots=True, eq=False)
class Seat:
    participant: Participant
    viewer: Viewer
    hands: Hands
    language: str
    address: str
    web_session_key: str
    heard_at: float
    """Event-loop time of the last message from the browser."""
    discards: Discards = field(init=False)
    discarded: int = 0
    """Presses that were not sent because their picture was too old."""
    refusals_told: set[str] = field(default_factory=set)
    has_baton: bool = False
    """Whether this person's hands work now; the `Baton` decides."""
    left: bool = False

    @property
    def user(self) -> User:
        return self.participant.user

    @property
    def owner(self) -> bool:
        """Whether this is who started the session, at work or not."""
        return self.participant.role == Participant.Role.OWNER

    @property
    def companion(self) -> bool:
        """Whether this is a colleague of the owner's, named on the request."""
        return self.participant.role == Participant.Role.COMPANION

    @property
    def observer(self) -> bool:
        """Whether this is somebody of the plant, who may have taken control nevertheless."""
        return self.participant.role == Participant.Role.OBSERVER

    def say(
        self, kind: str, make: Callable[[Callable[[Sentence], str]], dict[str, Any]]
    ) -> None:
        """Say a portal word; `make` gets the function that puts a sentence into the language."""
        with translation.override(self.language):
            self.viewer.say(kind, make(str))
