"""The outbox: written with the act, sent after commit, swept when a crash came between."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accessportal.accounts.models import User
from accessportal.notifications.kinds import KINDS
from accessportal.notifications.models import Notification

logger = logging.getLogger(__name__)

SUBJECT_LENGTH = 200


def put_in_outbox(
    recipients: Iterable[User], kind: str, *, path: str, facts: dict[str, Any]
) -> list[Notification]:
    """One row per recipient, worded in the recipient's language. Raises `KeyError`."""
    rows = []
    for recipient in {person.pk: person for person in recipients}.values():
        subject, body = worded(kind, facts, language=recipient.language)
        rows.append(
            Notification.objects.create(
                recipient=recipient, kind=kind, subject=subject, body=body, path=path
            )
        )
    if rows:
        transaction.on_commit(lambda: _send_soon([row.pk for row in rows]))
    return rows


def mail_address(
    address: str, kind: str, *, language: str, path: str, facts: dict[str, Any]
) -> None:
    """Queue a mail to an address without a person; the worker tries again on failure."""
    from accessportal.notifications.tasks import send_plain_mail

    subject, body = worded(kind, facts, language=language)
    with override(language):
        text = full_text(body, path)
    transaction.on_commit(lambda: queue(send_plain_mail, address, subject, text))


def worded(kind: str, facts: dict[str, Any], *, language: str) -> tuple[str, str]:
    """(subject on one line, body) of `kind` in `language`.

    A fact that is callable is called in that language, for dates and choices.
    """
    with override(language):
        spoken = {
            name: fact() if callable(fact) else fact for name, fact in facts.items()
        }
        subject = str(KINDS[kind].subject) % spoken
        body = str(KINDS[kind].body) % spoken
    one_line = " ".join(subject.split())
    if len(one_line) > SUBJECT_LENGTH:
        one_line = one_line[: SUBJECT_LENGTH - 1] + "…"
    return one_line, body.strip()


def full_text(body: str, path: str) -> str:
    """The mail's text: what happened, where to look, who speaks."""
    parts = [body]
    if path:
        parts.append(settings.PUBLIC_URL + path)
    parts.append(_("Access Portal. The link alone opens nothing: you sign in first."))
    return "\n\n".join(parts) + "\n"


def send_notification(row: Notification) -> bool:
    """Try to send one row now; notes the failure and when to try again."""
    with override(row.recipient.language):
        text = full_text(row.body, row.path)
    try:
        EmailMessage(row.subject, text, to=[row.recipient.email]).send()
    except (OSError, SMTPException) as error:
        row.attempts += 1
        row.last_error = str(error)[:500]
        row.next_try_at = timezone.now() + row.wait_after_failure()
        if row.attempts >= Notification.MAX_ATTEMPTS:
            row.given_up_at = timezone.now()
        row.save(update_fields=["attempts", "last_error", "next_try_at", "given_up_at"])
        logger.warning("Mail %s not sent (try %s): %s", row.pk, row.attempts, error)
        return False
    Notification.objects.filter(pk=row.pk).update(sent_at=timezone.now())
    return True


def _send_soon(pks: list[int]) -> None:
    from accessportal.notifications.tasks import send_notifications

    queue(send_notifications, pks)


def queue(task: Any, *args: Any) -> None:
    """Hand over to the worker; without a queue the sweep finds the row later."""
    try:
        task.delay(*args)
    except Exception:  # noqa: BLE001 - kombu raises whatever its transport raises
        logger.exception("The task queue did not take %s", task.name)
