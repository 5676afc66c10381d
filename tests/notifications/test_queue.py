"""An act's mail goes through the real queue: in memory when embedded, Redis in production."""

from django.core import mail
from django.db import transaction

from accessportal.accounts.models import User
from accessportal.notifications import notify
from accessportal.notifications.models import Delivery
from accessportal.notifications.tasks import send_due_notifications
from accessportal.worker import EmbeddedWorker
from tests.workers import wait_until

FACTS = {
    "worker": "Vera",
    "vendor": "Acme",
    "asset": "Filler",
    "site": "North",
    "until": "14:00",
}


def test_a_worker_sends_what_an_act_left(task_worker: EmbeddedWorker) -> None:
    reader = User.objects.create_user("olga@north.example", full_name="Olga Operator")
    with transaction.atomic():
        notify([reader], "session.started", **FACTS)
    wait_until(lambda: Delivery.objects.filter(sent_at__isnull=False).exists())
    assert [message.to for message in mail.outbox] == [["olga@north.example"]]


def test_what_a_crash_left_is_sent_by_the_sweep_and_only_once(
    task_worker: EmbeddedWorker,
) -> None:
    reader = User.objects.create_user("olga@north.example", full_name="Olga Operator")
    with transaction.atomic():
        notify([reader], "session.started", **FACTS)
        # As if the process had died between the commit and the queue.
        transaction.get_connection().run_on_commit.clear()
    assert not Delivery.objects.filter(sent_at__isnull=False).exists()

    for _ in range(5):
        send_due_notifications.delay()
    wait_until(lambda: Delivery.objects.filter(sent_at__isnull=False).exists())
    assert len(mail.outbox) == 1
