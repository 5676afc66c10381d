"""Pushing to one device: neutral words and where to look. A push carries no power.

It says neither who nor what: a phone shows it on its locked screen. Whoever taps it lands on
a page of the portal, signed in or not, and everything is asked for there.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from http import HTTPStatus

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from accessportal import keys
from accessportal.notifications.channels import is_urgent
from accessportal.notifications.models import Delivery, Notification, PushDevice
from accessportal.notifications.push_encryption import (
    authorization,
    encrypt,
    filled_up,
)
from accessportal.outward import Unreachable, post

SHORT: dict[str, str | Promise] = {
    "request.submitted": gettext_lazy("A request waits for your decision"),
    "emergency.asked": gettext_lazy("Emergency: somebody asks to be let in at once"),
    "emergency.let_in": gettext_lazy("Emergency: somebody was let in"),
    "escort.offered": gettext_lazy("Somebody is called back, to be escorted"),
    "escort.entered": gettext_lazy("Somebody was let in with an escort"),
    "request.reminder": gettext_lazy("A request still waits for a decision"),
    "request.approved": gettext_lazy("Your request is approved"),
    "request.denied": gettext_lazy("Your request is denied"),
    "request.expired": gettext_lazy("Your request expired"),
    "window.extension.requested": gettext_lazy("Somebody asks for more time"),
    "window.wish.asked": gettext_lazy("A wider window needs your yes, too"),
    "window.wish.escalated": gettext_lazy("A wider window waits, and you are called"),
    "line.given": gettext_lazy("The line is yours"),
    "line.returned": gettext_lazy("A line is handed back"),
    "window.recalled": gettext_lazy("The plant wants the line back"),
    "window.postponed": gettext_lazy("The line comes later"),
    "window.moved": gettext_lazy("Your window is moved"),
    "window.extended": gettext_lazy("Your window is longer now"),
    "window.extension.refused": gettext_lazy("You get no more time"),
    "session.started": gettext_lazy("A session has begun"),
    "session.warned": gettext_lazy("A session ends soon"),
    "session.charge.begun": gettext_lazy("You are in charge of a session"),
    "session.charge.offered": gettext_lazy("A session is handed over to you"),
    "session.charge.vacant": gettext_lazy("Nobody is in charge of a session"),
    "session.critical_step.declared": gettext_lazy("A critical step waits for you"),
    "session.attendance.due": gettext_lazy("Say that you are at the machine"),
    "session.end.unconfirmed": gettext_lazy("The end of a session is not proven"),
    "session.unusual": gettext_lazy("Something unusual about a session"),
    "recording.failed": gettext_lazy("A recording failed"),
    "review.due": gettext_lazy("A recording waits for review"),
    "alert.raised": gettext_lazy("Security alert"),
    "break_glass.used": gettext_lazy("A break-glass account is used"),
    "push.test": gettext_lazy("This is a test"),
}
"""What a kind says on a locked screen; any other kind says only that there is something."""

LASTS_SECONDS = {True: 900, False: 24 * 3600}
"""For how long a service keeps a message for a phone that is off: urgent ones go stale."""

GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
TRY_AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class DeviceGone(Exception):
    """The push service does not know the device any more."""


class Refused(Exception):
    """The push service does not take this, and never will."""


def push(delivery: Delivery, device: PushDevice) -> None:
    """Send it once. Raises `DeviceGone`, `Refused` or `Unreachable`."""
    receipt = secrets.token_urlsafe(24)
    Delivery.objects.filter(pk=delivery.pk).update(receipt_hash=hash_of(receipt))
    row = delivery.notification
    with override(row.recipient.language):
        message = message_for(row) | {"receipt": receipt}
    urgent = is_urgent(row.kind)
    try:
        key = keys.push_key(device.key_id)
        body = encrypt(
            filled_up(json.dumps(message, ensure_ascii=False).encode()),
            p256dh=device.p256dh,
            auth=device.auth,
        )
    except (keys.WrongKey, ValueError) as error:
        raise Refused(str(error)) from error
    answer = post(
        device.endpoint,
        content=body,
        headers={
            "Authorization": authorization(
                device.endpoint, key, contact=contact_address()
            ),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(LASTS_SECONDS[urgent]),
            "Urgency": "high" if urgent else "normal",
        },
        hosts=settings.PUSH_HOSTS,
    )
    if answer.status_code in GONE:
        raise DeviceGone
    if answer.is_success:
        return
    said = f"HTTP {answer.status_code}"
    if answer.is_server_error or answer.status_code in TRY_AGAIN:
        raise Unreachable(said)
    raise Refused(said)


def message_for(row: Notification) -> dict[str, str]:
    """What the device gets, in the language that is active."""
    short = SHORT.get(row.kind) or _("There is something new for you")
    tag = f"{row.kind} {row.about}".strip() if row.about else ""
    return {
        "title": str(short),
        "body": row.about or "Access Portal",
        "path": row.path or "/",
        "tag": hash_of(tag)[:16] if tag else "",
    }


def note_shown(receipt: str) -> None:
    """A device says that it showed a push; what it sends back is good for that alone."""
    now = timezone.now()
    shown = Delivery.objects.filter(
        receipt_hash=hash_of(receipt), shown_at__isnull=True
    )
    devices = list(shown.values_list("device_id", flat=True))
    shown.update(shown_at=now)
    PushDevice.objects.filter(pk__in=devices).update(last_shown_at=now)


def contact_address() -> str:
    """Whom a push service writes to when something is wrong with what we send."""
    if settings.PUBLIC_URL.startswith("https://"):
        return str(settings.PUBLIC_URL)
    address = settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip(">")
    return f"mailto:{address}"


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
