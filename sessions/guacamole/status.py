"""guacd's status codes and the sentences a person reads instead of them.

Codes: the Guacamole protocol reference. Which code comes when was measured on guacd
1.3.0: 512 for an SSH host key that does not match, 515 for a screen that cannot be
set up, 519 for an address nobody answers on, 769 for a credential the asset does
not take, 776 for a connection that stopped answering.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from sessions.guacamole.instruction import Instruction


@dataclass(frozen=True, slots=True)
class Status:
    """One guacd status.

    `code` is guacd's number, `key` our stable name for it (`asset_unreachable`),
    `sentence` the translated text, `temporary` whether trying again may help
    without anybody changing anything.
    """

    code: int
    key: str
    sentence: str | Promise
    temporary: bool = False


_ALL = (
    Status(
        256,
        "unsupported",
        _("The remote machine was asked for something it does not support."),
    ),
    Status(
        512,
        "host_refused",
        _(
            "The connection could not be set up: the machine's identity could not "
            "be confirmed, or its settings are not accepted."
        ),
    ),
    Status(513, "busy", _("The connection service is busy."), True),
    Status(514, "asset_timeout", _("The machine did not answer in time."), True),
    Status(
        515,
        "asset_failed",
        _("The machine answered, but a remote screen could not be started on it."),
    ),
    Status(516, "not_found", _("The machine does not know what it was asked for.")),
    Status(
        517,
        "in_use",
        _("The machine's remote screen is in use by somebody else."),
        True,
    ),
    Status(518, "closed", _("The remote screen was closed.")),
    Status(
        519,
        "asset_unreachable",
        _(
            "The machine cannot be reached. It may be switched off, or not "
            "connected to the plant's network."
        ),
        True,
    ),
    Status(
        520,
        "asset_unavailable",
        _("The machine refuses connections at the moment."),
        True,
    ),
    Status(
        521,
        "session_conflict",
        _("The machine ended this session because another one began on it."),
    ),
    Status(
        522,
        "session_timeout",
        _("The machine ended the session because nothing had happened for too long."),
    ),
    Status(
        523, "session_closed", _("Somebody ended the session on the machine itself.")
    ),
    Status(
        768, "bad_request", _("The connection service did not understand a request.")
    ),
    Status(
        769,
        "credentials_refused",
        _(
            "The machine did not accept the user name, password or key stored for "
            "it. The person in charge of the machine has to check them."
        ),
    ),
    Status(771, "forbidden", _("The machine does not allow this connection.")),
    Status(
        776,
        "not_answering",
        _(
            "The connection service ended the connection because it was not being answered."
        ),
        True,
    ),
    Status(781, "overrun", _("Too much was sent at once.")),
    Status(783, "bad_type", _("The machine does not accept this kind of data.")),
    Status(
        797,
        "too_many",
        _("The machine or the connection service has too many connections."),
        True,
    ),
)

STATUSES: dict[int, Status] = {status.code: status for status in _ALL}

HOST_KEY_MISMATCH = Status(
    512,
    "host_key_mismatch",
    _(
        "The machine showed another identity (SSH host key) than the one stored "
        "for it. It may have been replaced, or something is in between. The "
        "session was not started."
    ),
)


UNREACHABLE_OR_REFUSED = Status(
    519,
    "asset_unreachable",
    _(
        "The machine cannot be reached, or did not accept the credential stored for it. "
        "It may be switched off, or not connected to the plant's network."
    ),
    temporary=True,
)

_BY_PROTOCOL = {
    ("ssh", 512): HOST_KEY_MISMATCH,
    ("vnc", 519): UNREACHABLE_OR_REFUSED,
    ("rdp", 519): UNREACHABLE_OR_REFUSED,
}
"""What guacd 1.3.0 says with one number and means, or may mean, as something else."""


def status_of(code: int, protocol: str = "") -> Status:
    """The status of a code; an unknown one gets a sentence that says so.

    Over SSH, 512 means the host key; over VNC and RDP, 519 may mean the password.
    """
    known = _BY_PROTOCOL.get((protocol, code)) or STATUSES.get(code)
    if known is not None:
        return known
    sentence = _("The connection failed for a reason that is not known (code {code}).")
    return Status(code, "unknown", format_lazy(sentence, code=code))


def status_of_error(instruction: Instruction, protocol: str = "") -> Status:
    """The status that an `error` instruction (`error,TEXT,CODE`) carries."""
    code = instruction.args[1] if len(instruction.args) > 1 else ""
    valid = code.isascii() and code.isdigit() and len(code) <= 9
    return status_of(int(code) if valid else 0, protocol)
