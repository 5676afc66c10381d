"""Telling people: `notify` writes to the outbox in the transaction of the act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accessportal.accounts.models import User
    from accessportal.notifications.channels import Ringing
    from accessportal.notifications.models import Notification


def notify(
    recipients: Iterable[User],
    kind: str,
    *,
    path: str = "",
    ringing: Ringing | None = None,
    **facts: Any,
) -> list[Notification]:
    """Tell each recipient, in the recipient's language, about `kind`.

    kind: a name of `accessportal.notifications.kinds.KINDS`; its subject and body are
    filled with `facts`. path: where in the portal to look, beginning with "/".
    ringing: whom a roster says to ring; without it, everybody as they wish.
    The rows are written now; the mail goes out after commit.
    """
    from accessportal.notifications.outbox import put_in_outbox

    return put_in_outbox(recipients, kind, path=path, facts=facts, ringing=ringing)


def send_mail_to(
    address: str, kind: str, *, language: str, path: str, **facts: Any
) -> None:
    """Mail an address that belongs to no person yet (an invitation), after commit."""
    from accessportal.notifications.outbox import mail_address

    mail_address(address, kind, language=language, path=path, facts=facts)
