"""What can go wrong while talking Guacamole protocol.

Three families: `ProtocolError` says that bytes are not the protocol (ours to refuse);
`ArgumentsError` says that an endpoint's facts or credential cannot be used, before
anything was sent; `GuacdError` says that guacd, or the asset behind it, said no or
said nothing. The last two carry a sentence for a person.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sessions.guacamole.status import Status


class ProtocolError(ValueError):
    """Text that is not the Guacamole protocol, or exceeds its agreed bounds.

    `reason` is a short, fixed English phrase for logs and events; it never holds
    a value from the stream, which may be a password.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CutOff(ProtocolError):
    """The text ends before its instruction does; more text may complete it."""


class ArgumentsError(Exception):
    """The endpoint cannot be connected to with what is stored for it.

    `key` is our stable name for it, `sentence` its translated text.
    """

    def __init__(self, key: str, sentence: str | Promise) -> None:
        super().__init__(key)
        self.key = key
        self.sentence = sentence


class GuacdError(Exception):
    """Base of what guacd, or the way to it, can answer instead of a connection."""

    key = "guacd_failed"
    sentence: str | Promise = _("The connection could not be made.")
    temporary = True

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.key}: {detail}" if detail else self.key)


class GuacdUnreachable(GuacdError):
    """Nobody accepts a connection on guacd's address."""

    key = "guacd_unreachable"
    sentence = _(
        "The connection service is not running. Please tell the plant's administrator."
    )


class GuacdSilent(GuacdError):
    """guacd took the connection and then said nothing, or too little, in time.

    guacd 1.3.0 answers nothing at all for a protocol it has no plug-in for.
    """

    key = "guacd_silent"
    sentence = _(
        "The connection service does not answer. It may lack support for this kind of connection."
    )


class ClosedAtOnce(GuacdError):
    """guacd closed the connection before a picture, without a word why.

    A machine that refuses within a millisecond makes guacd 1.3.0 say why before the owner
    of the connection is among those who are told.
    """

    key = "closed_at_once"
    sentence = _(
        "The machine, or the way to it, closed the connection before there was a picture. "
        "It may be switched off, or refuse the connection."
    )


class GuacdMisunderstood(GuacdError):
    """What guacd said during the handshake is not the handshake."""

    key = "guacd_misunderstood"
    sentence = _("The connection service gave an answer that makes no sense.")
    temporary = False


class ConnectionGone(GuacdError):
    """guacd does not know the connection id any more: the connection is over."""

    key = "connection_gone"
    sentence = _("The remote session is over.")
    temporary = False


class GuacdRefused(GuacdError):
    """guacd sent an `error` with a status; see `status.py`."""

    def __init__(self, status: Status) -> None:
        self.key = status.key
        self.sentence = status.sentence
        self.temporary = status.temporary
        self.status = status
        super().__init__(str(status.code))
