"""The outbox: written with the act, sent after commit, swept when a crash came between."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accessportal.accounts.models import User
from accessportal.notifications.channels import Channel, Ringing, Way, ways_for
from accessportal.notifications.devices import push_is_possible, remove_device
from accessportal.notifications.kinds import KINDS
from accessportal.notifications.models import (
    Delivery,
    Notification,
    NotificationWishes,
    PushDevice,
)
from accessportal.notifications.push import DeviceGone, Refused, push
from accessportal.notifications.webhooks import tell_webhooks
from accessportal.outward import Unreachable

logger = logging.getLogger(__name__)

SUBJECT_LENGTH = 200


def put_in_outbox(
    recipients: Iterable[User],
    kind: str,
    *,
    path: str,
    facts: dict[str, Any],
    ringing: Ringing | None = None,
) -> list[Notification]:
    """One row per recipient, worded in the recipient's language, and one delivery for each way
    by which it goes out. `number` among the facts says what it is about. Raises `KeyError`."""
    people = {person.pk: person for person in recipients}
    wishes = {
        row.user_id: row for row in NotificationWishes.objects.filter(user__in=people)
    }
    devices: dict[int, list[PushDevice]] = {}
    if push_is_possible():
        for device in PushDevice.objects.filter(user__in=people):
            devices.setdefault(device.user_id, []).append(device)
    tell_webhooks(kind, path=path, facts=facts)
    rows, now = [], timezone.now()
    ringing = ringing or Ringing()
    ways = {
        pk: ways_for(
            person,
            kind,
            wishes=wishes.get(pk),
            devices=devices.get(pk, []),
            at=now,
            at_once=pk in ringing.at_once,
        )
        for pk, person in people.items()
    }
    # Only where somebody's phone rings may another's stay still.
    if any(
        way.channel == Channel.PUSH
        for pk in ringing.at_once
        for way in ways.get(pk, [])
    ):
        ways |= {pk: [Way(Channel.MAIL)] for pk in ringing.mail_only & ways.keys()}
    deliveries: list[Delivery] = []
    for pk, person in people.items():
        subject, body = worded(kind, facts, language=person.language)
        row = Notification.objects.create(
            recipient=person,
            kind=kind,
            subject=subject,
            body=body,
            path=path,
            about=str(facts.get("number", ""))[:40],
        )
        rows.append(row)
        deliveries += [
            Delivery.objects.create(
                notification=row,
                channel=way.channel,
                device=way.device,
                next_try_at=way.not_before or now,
            )
            for way in ways[pk]
        ]
    send_soon(deliveries)
    return rows


@transaction.atomic
def test_push(device: PushDevice) -> Notification:
    """Push what means nothing to one device, so that its person sees that it works."""
    subject, body = worded("push.test", {}, language=device.user.language)
    row = Notification.objects.create(
        recipient=device.user,
        kind="push.test",
        subject=subject,
        body=body,
        path="/account/notifications/",
    )
    send_soon(
        [Delivery.objects.create(notification=row, channel=Channel.PUSH, device=device)]
    )
    return row


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


def send_delivery(delivery: Delivery) -> bool:
    """Try to send one now; notes a failure and when to try again."""
    if delivery.channel == Channel.MAIL:
        return _mail(delivery)
    return _push(delivery)


def _mail(delivery: Delivery) -> bool:
    row = delivery.notification
    with override(row.recipient.language):
        text = full_text(row.body, row.path)
    try:
        EmailMessage(row.subject, text, to=[row.recipient.email]).send()
    except (OSError, SMTPException) as error:
        delivery.note_failure(str(error))
        logger.warning(
            "Mail %s not sent (try %s): %s", delivery.pk, delivery.attempts, error
        )
        return False
    delivery.note_sent()
    return True


def _push(delivery: Delivery) -> bool:
    """A device that is gone is forgotten; what cannot be pushed at all is mailed."""
    device = delivery.device
    if device is None or not delivery.notification.recipient.is_active:
        delivery.note_failure("The device was removed.", for_good=True)
        mail_instead(delivery)
        return False
    try:
        push(delivery, device)
    except DeviceGone:
        delivery.note_failure("The device is gone.", for_good=True)
        remove_device(device, acting_user=None, cause="gone")
    except Refused as error:
        delivery.note_failure(str(error), for_good=True)
    except Unreachable as error:
        delivery.note_failure(str(error))
    else:
        delivery.note_sent()
        return True
    logger.warning(
        "Push %s not sent (try %s): %s",
        delivery.pk,
        delivery.attempts,
        delivery.last_error,
    )
    if delivery.given_up_at is not None:
        mail_instead(delivery)
    return False


@transaction.atomic
def mail_instead(delivery: Delivery) -> None:
    """When no other way of this notification worked or may still work: nothing is missed."""
    row = Notification.objects.select_for_update().get(pk=delivery.notification_id)
    if row.deliveries.filter(given_up_at__isnull=True).exists():
        return
    if row.deliveries.filter(channel=Channel.MAIL).exists():
        return
    if row.recipient.is_active:
        send_soon([Delivery.objects.create(notification=row, channel=Channel.MAIL)])


def send_soon(deliveries: Iterable[Delivery]) -> None:
    """After the commit; each channel by itself, so that none waits for another's server."""
    from accessportal.notifications.tasks import send_deliveries

    now, by_channel = timezone.now(), dict[str, list[int]]()
    for delivery in deliveries:
        if delivery.next_try_at <= now:
            by_channel.setdefault(delivery.channel, []).append(delivery.pk)
    for pks in by_channel.values():
        transaction.on_commit(partial(queue, send_deliveries, pks))


def queue(task: Any, *args: Any) -> None:
    """Hand over to the worker; without a queue the sweep finds the row later."""
    try:
        task.delay(*args)
    except Exception:  # noqa: BLE001 - kombu raises whatever its transport raises
        logger.exception("The task queue did not take %s", task.name)
