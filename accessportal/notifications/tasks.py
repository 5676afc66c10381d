"""What is told goes out in the background; the sweep makes up for lost tasks and failures."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from accessportal.notifications.models import Delivery, WebhookCall
from accessportal.notifications.outbox import send_delivery
from accessportal.notifications.webhooks import call_webhook

BATCH = 200


@shared_task(name="notifications.send_deliveries")
def send_deliveries(pks: list[int]) -> None:
    """Send these rows of the outbox, if nobody else did."""
    for pk in pks:
        _send_one(pk)


@shared_task(name="notifications.send_due_notifications")
def send_due_notifications() -> int:
    """Send what is due; returns how many were tried."""
    pks = list(Delivery.objects.due().values_list("pk", flat=True)[:BATCH])
    for pk in pks:
        _send_one(pk)
    calls = list(WebhookCall.objects.due().values_list("pk", flat=True)[:BATCH])
    call_webhooks(calls)
    return len(pks) + len(calls)


@shared_task(name="notifications.call_webhooks")
def call_webhooks(pks: list[int]) -> None:
    """Tell the plant's tools, if nobody else did."""
    for pk in pks:
        _call_one(pk)


@shared_task(
    bind=True,
    name="notifications.send_plain_mail",
    autoretry_for=(OSError,),
    retry_backoff=60,
    retry_backoff_max=3600,
    max_retries=8,
)
def send_plain_mail(self: Any, address: str, subject: str, text: str) -> None:
    """Mail an address that has no account yet."""
    EmailMessage(subject, text, to=[address]).send()


def _send_one(pk: int) -> None:
    """Claim the row by moving its next try, then send outside the transaction."""
    with transaction.atomic():
        row = (
            Delivery.objects.due()
            .select_related("notification__recipient", "device")
            .select_for_update(skip_locked=True, of=("self",))
            .filter(pk=pk)
            .first()
        )
        if row is None:
            return
        claimed_until = timezone.now() + row.wait_after_failure()
        Delivery.objects.filter(pk=pk).update(next_try_at=claimed_until)
    send_delivery(row)


def _call_one(pk: int) -> None:
    """As `_send_one`, for a webhook."""
    with transaction.atomic():
        call = (
            WebhookCall.objects.due()
            .select_related("webhook__site")
            .select_for_update(skip_locked=True, of=("self",))
            .filter(pk=pk)
            .first()
        )
        if call is None:
            return
        claimed_until = timezone.now() + call.wait_after_failure()
        WebhookCall.objects.filter(pk=pk).update(next_try_at=claimed_until)
    call_webhook(call)
