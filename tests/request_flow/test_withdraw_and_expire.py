"""Vera takes her request back, or nobody decides in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, TooLate
from accessportal.notifications.models import Notification
from requests.models import AccessRequest
from requests.services.submission import expire_request, withdraw_request
from requests.tasks import expire_overdue_requests, remind_of_pending_requests
from tests.cast import make_person, origin
from tests.request_flow.conftest import approve, ask

pytestmark = pytest.mark.django_db


def test_vera_withdraws(committed, pending, vera, olga):
    with committed():
        withdraw_request(
            pending, acting_user=vera, origin=origin(), reason="Part not delivered"
        )
    pending.refresh_from_db()
    assert pending.state == AccessRequest.State.WITHDRAWN
    assert pending.closed_by == vera
    assert (
        AuditEvent.objects.get(event="request.withdrawn").reason == "Part not delivered"
    )
    assert (
        "Part not delivered"
        in [m for m in mail.outbox if m.to == [olga.email]][-1].body
    )


def test_only_who_asked_withdraws(pending, victor, fillwerk):
    colleague = make_person("Vito Vogel", vendor=fillwerk)
    for somebody in (victor, colleague):
        with pytest.raises(NotAllowed):
            withdraw_request(pending, acting_user=somebody, origin=origin())


def test_too_late_to_withdraw_what_is_approved(pending, vera, olga):
    approve(pending, olga)
    with pytest.raises(TooLate) as error:
        withdraw_request(pending, acting_user=vera, origin=origin())
    assert "Olga Olsen has already approved" in str(error.value)


def test_nobody_decided_and_it_expires(clock, committed, plant, vera, filling_hmi):
    access_request = ask(vera, filling_hmi)
    assert expire_overdue_requests() == 0

    clock.forward(days=1, seconds=1)
    with committed():
        assert expire_overdue_requests() == 1
    assert expire_overdue_requests() == 0

    access_request.refresh_from_db()
    assert access_request.state == AccessRequest.State.EXPIRED
    assert AuditEvent.objects.get(event="request.expired").actor_type == "system"
    assert "expired" in [m for m in mail.outbox if m.to == [vera.email]][-1].subject


def test_what_is_not_overdue_does_not_expire(pending):
    with pytest.raises(TooLate):
        expire_request(pending)


def test_olga_is_reminded_once(clock, plant, vera, olga, filling_hmi):
    ask(vera, filling_hmi)
    assert remind_of_pending_requests() == 0

    clock.forward(hours=23, minutes=5)
    assert remind_of_pending_requests() == 1
    assert remind_of_pending_requests() == 0
    assert (
        Notification.objects.filter(kind="request.reminder", recipient=olga).count()
        == 1
    )


def test_what_waits_for_days_is_called_to_mind_each_day(
    clock, plant, vera, filling_hmi
):
    ask(vera, filling_hmi, start=timezone.now() + timedelta(hours=60))
    told = []
    for hour in range(60):
        clock.forward(hours=1)
        if remind_of_pending_requests():
            told.append(hour + 1)
    assert told == [24, 48, 59]


def test_no_reminder_right_after_the_submission(clock, plant, vera, filling_hmi):
    ask(vera, filling_hmi, start=clock.now + timedelta(minutes=40))
    clock.forward(minutes=5)
    assert remind_of_pending_requests() == 0
