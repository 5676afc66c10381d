"""Bursts in the trail become alerts: once each, told once, and never a flood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accessportal import audit, guessing
from accessportal.alerts import watch
from accessportal.alerts.models import SecurityAlert
from accessportal.alerts.watch import look_at_the_trail
from accessportal.audit.chain import seal_committed_events
from accessportal.audit.models import AuditEvent
from accessportal.notifications.models import Notification
from tests.cast import Plant, origin


def look() -> list[SecurityAlert]:
    seal_committed_events()
    look_at_the_trail()
    return list(SecurityAlert.objects.open().order_by("pk"))


def fail_to_sign_in(times: int, person: Any = None, address: str = "10.9.9.9") -> None:
    for _ in range(times):
        audit.record(
            "auth.login.failed",
            acting_user=person,
            origin=origin(address=address),
            result="refused",
        )


@pytest.fixture(autouse=True)
def looked_before(plant: Plant) -> None:
    look()


def test_a_burst_is_one_alert_and_one_mail(
    plant: Plant, committed: Any, clock: Any
) -> None:
    fail_to_sign_in(14)
    assert look() == []
    with committed():
        fail_to_sign_in(1)
        [alert] = look()
    assert (alert.rule, alert.label, alert.count) == (
        "sign_ins_of_one_address",
        "10.9.9.9",
        15,
    )
    assert [message.to for message in mail.outbox] == [[plant.ivan.email]]
    assert "10.9.9.9" in mail.outbox[0].body
    with committed():
        fail_to_sign_in(200)
        [alert] = look()
    assert alert.count == 215
    assert len(mail.outbox) == 1
    assert AuditEvent.objects.filter(event="alert.raised").count() == 1


def test_after_an_hour_of_quiet_the_next_burst_is_told_again(
    plant: Plant, clock: Any
) -> None:
    fail_to_sign_in(15)
    look()
    clock.forward(minutes=61)
    fail_to_sign_in(1)
    [alert] = look()
    assert alert.count == 16
    assert Notification.objects.filter(kind="alert.raised").count() == 2


def test_slow_failures_are_no_burst(plant: Plant, clock: Any) -> None:
    """Somebody who mistypes three times a day."""
    for _ in range(8):
        fail_to_sign_in(3)
        clock.forward(hours=3)
        assert look() == []


def test_one_address_that_tries_several_people(plant: Plant) -> None:
    for person in (plant.vera, plant.victor, plant.olga):
        fail_to_sign_in(1, person)
    assert look() == []
    fail_to_sign_in(1, plant.olga)
    assert look() == []
    fail_to_sign_in(1, plant.omar)
    [alert] = look()
    assert alert.rule == "sign_ins_over_accounts"


def test_many_addresses_that_try_one_person(plant: Plant) -> None:
    for number in range(10):
        fail_to_sign_in(1, plant.vera, address=f"10.1.1.{number}")
    [alert] = look()
    assert (alert.rule, alert.label) == ("sign_ins_of_one_person", "Vera Vogt")


@pytest.mark.parametrize(
    ("event", "times", "rule", "severity"),
    [
        ("auth.login.locked", 1, "locked_out", "warning"),
        ("auth.token.rejected", 5, "tickets", "warning"),
        ("approval.sod.blocked", 2, "deciding_on_own_work", "warning"),
        ("key.rotated", 1, "keys_changed", "warning"),
        ("auth.break_glass.used", 1, "break_glass", "critical"),
        ("auth.mfa.reset", 3, "factor_taken_away", "warning"),
        ("auth.mfa.distrusted", 1, "passkey_copied", "critical"),
    ],
)
def test_each_rule_from_its_threshold_on(
    plant: Plant, event: str, times: int, rule: str, severity: str
) -> None:
    def say() -> None:
        audit.record(event, acting_user=plant.vera, origin=origin(), result="denied")

    for _ in range(times - 1):
        say()
    assert look() == []
    say()
    [alert] = look()
    assert (alert.rule, alert.severity) == (rule, severity)


def test_a_trail_that_is_not_intact(plant: Plant) -> None:
    audit.record("audit.chain.verified")
    assert look() == []
    audit.record("audit.chain.verified", result="error")
    [alert] = look()
    assert (alert.rule, alert.severity) == ("trail_not_intact", "critical")


def test_thousands_of_addresses_fill_nothing(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MAX_OPEN", 3)
    for number in range(12):
        for _ in range(5):
            audit.record(
                "auth.token.rejected", origin=origin(address=f"10.2.2.{number}")
            )
    alerts = look()
    assert [alert.label for alert in alerts] == ["10.2.2.0", "10.2.2.1", "10.2.2.2", ""]
    assert alerts[-1].count == 45
    assert Notification.objects.filter(kind="alert.raised").count() == 4


def test_nothing_counts_twice_and_nothing_is_left_out(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "BATCH", 4)
    fail_to_sign_in(15)
    seal_committed_events()
    while look_at_the_trail():
        pass
    [alert] = SecurityAlert.objects.open()
    assert alert.count == 15


def test_walking_through_ids_is_noticed(
    plant: Plant, browser_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Victor tries one request number after the other."""
    monkeypatch.setattr(guessing, "REFUSALS", 6)
    browser = browser_of(plant.victor)
    for number in range(1, 12):
        address = reverse("requests:detail", args=[f"REQ-2026-{number:04d}"])
        assert browser.get(address).status_code == 404
    event = AuditEvent.objects.get(event="access.guessed")
    assert event.actor_name == "Victor Varga"
    assert event.detail["last_page"] == "requests:detail"
    [alert] = look()
    assert alert.rule == "guessing"


def test_ivan_acknowledges_and_the_next_burst_is_a_new_alert(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    fail_to_sign_in(15)
    [alert] = look()
    ivan = browser_of(plant.ivan)
    assert b"10.9.9.9" in ivan.get(reverse("alerts:list")).content
    assert b"10.9.9.9" in ivan.get(reverse("home")).content
    address = reverse("alerts:acknowledge", args=[alert.pk])
    assert ivan.post(address, {"reason": "Test by us"}).status_code == 302
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.acknowledged_reason) == (
        plant.ivan,
        "Test by us",
    )
    assert AuditEvent.objects.get(event="alert.acknowledged").actor_id == plant.ivan.pk
    assert ivan.post(address).status_code == 409
    assert b"Test by us" in ivan.get(reverse("alerts:list")).content
    fail_to_sign_in(15)
    [again] = look()
    assert again.pk != alert.pk
