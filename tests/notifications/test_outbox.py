"""People are told in their own language, after the act, once, and again after a failure."""

from collections.abc import Callable
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone, translation

from accessportal.accounts.models import User
from accessportal.notifications import kinds, notify, send_mail_to
from accessportal.notifications.models import Delivery, Notification
from accessportal.notifications.outbox import worded
from accessportal.notifications.tasks import send_due_notifications

pytestmark = pytest.mark.django_db

FACTS = {
    "worker": "Vera",
    "vendor": "Acme",
    "asset": "Filler",
    "site": "North",
    "until": "14:00",
}


@pytest.fixture
def reader() -> User:
    return User.objects.create_user("olga@north.example", full_name="Olga Operator")


def test_a_mail_goes_out_after_commit(
    reader: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        notify([reader], "session.started", path="/sessions/", **FACTS)
        assert mail.outbox == []
    (message,) = mail.outbox
    assert message.to == ["olga@north.example"]
    assert message.subject == "Vera works on Filler now"
    assert "/sessions/" in message.body
    assert Delivery.objects.get().sent_at is not None


def test_the_same_person_is_told_once(reader: User) -> None:
    notify([reader, reader], "session.started", **FACTS)
    assert Notification.objects.count() == 1


def test_an_act_that_fails_tells_nobody(reader: User) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        notify([reader], "session.started", **FACTS)
        raise RuntimeError
    assert not Notification.objects.exists()


def test_a_failed_mail_is_tried_again_later(
    reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> int:
        raise SMTPServerDisconnected("gone")

    notify([reader], "session.started", **FACTS)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", refuse)
        assert send_due_notifications() == 1
    row = Delivery.objects.get()
    assert (row.attempts, row.sent_at, row.last_error) == (1, None, "gone")
    assert row.next_try_at > timezone.now()
    assert send_due_notifications() == 0

    Delivery.objects.update(next_try_at=timezone.now())
    assert send_due_notifications() == 1
    assert len(mail.outbox) == 1
    assert send_due_notifications() == 0


def test_after_the_last_try_it_is_given_up_and_kept(
    reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> int:
        raise ConnectionRefusedError("no")

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    notify([reader], "session.started", **FACTS)
    Delivery.objects.update(attempts=Delivery.MAX_ATTEMPTS - 1)
    send_due_notifications()
    assert Delivery.objects.get().given_up_at is not None
    assert not Delivery.objects.due().exists()


def test_a_line_break_in_a_fact_cannot_add_a_mail_header(reader: User) -> None:
    notify(
        [reader],
        "session.started",
        **FACTS | {"worker": "Vera\nBcc: all@north.example"},
    )
    assert (
        Notification.objects.get().subject
        == "Vera Bcc: all@north.example works on Filler now"
    )


def test_an_address_without_a_person_gets_its_mail(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        send_mail_to(
            "new@acme.example",
            "invitation",
            language="en",
            path="/accounts/invitations/x/",
            invited_by="Olga",
            vendor="Acme",
            expires="Tuesday",
        )
    assert mail.outbox[0].to == ["new@acme.example"]


def test_every_kind_is_worded_whole_in_every_language() -> None:
    class AnyFact(dict[str, str]):
        def __missing__(self, name: str) -> str:
            return f"<{name}>"

    for kind in kinds.KINDS.values():
        for language in ("en", "de"):
            with translation.override(language):
                assert str(kind.subject) % AnyFact()
                assert str(kind.body) % AnyFact()


def test_a_fact_may_depend_on_the_language() -> None:
    subject, body = worded(
        "session.started",
        FACTS | {"worker": lambda: translation.get_language()},
        language="de",
    )
    assert "de" in subject
    assert "de" in body
